// Package report makes of an analysis what an analyst hands on: a page in
// Chinese or English that needs nothing but itself, and a list of customers for
// each group.
package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/words"
)

//go:embed templates/*.html templates/style.css
var files embed.FS

// sections are the parts of the page, in their order. A further one is a file
// templates/<name>.html, a line here, and its texts in words ("<name>.title" is its
// heading).
var sections = []section{
	{name: "headline"},
	{name: "reconciliation", where: func(r *analysis.Report) bool { return len(r.Reconciliation.Months) > 0 }},
	{name: "groups"},
	{name: "repeat"},
	{name: "cohorts", where: func(r *analysis.Report) bool { return r.Cohorts.Population() > 0 }},
	{name: "order_values", where: func(r *analysis.Report) bool { return r.OrderValues != nil && r.OrderValues.Count > 0 }},
	{name: "intervals", where: func(r *analysis.Report) bool { return r.PurchaseIntervals != nil && r.PurchaseIntervals.Count > 0 }},
	{name: "concentration", where: func(r *analysis.Report) bool { return len(r.Concentration) > 0 }},
	{name: "outlook", where: func(r *analysis.Report) bool { return r.Outlook != nil }},
	{name: "top", where: func(r *analysis.Report) bool { return len(r.TopCustomers) > 0 }},
	{name: "quality"},
	{name: "definitions"},
}

// section is a part of the page.
type section struct {
	name  string
	where func(*analysis.Report) bool // nil is always
}

// part is a section that has been set.
type part struct {
	Name string
	Body template.HTML
}

// WriteHTML writes the report as one page in a language, "zh" or "en". The page
// loads nothing, runs nothing and can be read offline, on a phone and on paper.
func WriteHTML(w io.Writer, r *analysis.Report, lang string) error {
	if !slices.Contains(words.Languages(), lang) {
		return fmt.Errorf("language %q: must be one of %s", lang, strings.Join(words.Languages(), ", "))
	}
	pages, err := template.New("").Funcs(speaking(lang, r)).ParseFS(files, "templates/*.html")
	if err != nil {
		return err
	}
	style, err := files.ReadFile("templates/style.css")
	if err != nil {
		return err
	}
	page := struct {
		*analysis.Report
		Lang  string
		Style template.CSS
		Parts []part
	}{r, lang, template.CSS(style), nil}
	for _, s := range sections {
		if s.where != nil && !s.where(r) {
			continue
		}
		var body bytes.Buffer
		if err := pages.ExecuteTemplate(&body, s.name+".html", r); err != nil {
			return fmt.Errorf("section %s: %w", s.name, err)
		}
		// What html/template has set is safe to be set into the page as it is.
		page.Parts = append(page.Parts, part{s.name, template.HTML(body.String())})
	}
	var whole bytes.Buffer
	if err := pages.ExecuteTemplate(&whole, "page.html", page); err != nil {
		return err
	}
	_, err = w.Write(whole.Bytes())
	return err
}
