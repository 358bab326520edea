package importer

import (
	"errors"
	"io"
	"slices"
	"strings"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// previewedLines is how many lines are looked at for the members that there are.
const previewedLines = 200

// previewLines says how JSON lines would be read, by those at the beginning.
func (f *file) previewLines(answer *profilev1.InspectFileResponse, rows *head, c *columns) error {
	var lines []sheet.Row
	for len(lines) < previewedLines {
		row, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		lines = append(lines, row)
	}
	answer.Columns = c.uses(lines)
	var ignored []string
	for _, use := range answer.GetColumns() {
		if use.GetField() == "" {
			ignored = append(ignored, use.GetTitle())
		}
	}
	if len(ignored) > 0 {
		answer.Warnings = append(answer.Warnings, &apiv1.Warning{
			Reason: "COLUMNS_IGNORED", Message: "these members of the lines are not known and were ignored: " + quoteSome(ignored),
		})
	}
	if f.Kind != ofOrders {
		return nil
	}
	priced := slices.ContainsFunc(lines, func(row sheet.Row) bool { return c.in(row.Fields, string(mapping.Currency)) != "" })
	next := func() (sheet.Row, error) {
		if len(lines) == 0 {
			return sheet.Row{}, io.EOF
		}
		row := lines[0]
		lines = lines[1:]
		return row, nil
	}
	return f.preview(answer, next, c, priced || len(lines) == 0)
}

// uses are the members that lines have, and what they are read as.
func (c *columns) uses(lines []sheet.Row) []*profilev1.ColumnUse {
	var all []*profilev1.ColumnUse
	for at, title := range c.header {
		there := slices.ContainsFunc(lines, func(row sheet.Row) bool {
			return slices.ContainsFunc(append(slices.Clip(row.Parts), row.Fields), func(fields []string) bool { return fields[at] != "" })
		})
		if there {
			all = append(all, &profilev1.ColumnUse{Title: clip(title, maxValue), Field: c.names[at]})
		}
	}
	met := make(map[string]bool)
	for _, row := range lines {
		for _, m := range row.Others {
			if met[m.Name] || len(met) >= sheet.MaxColumns {
				continue
			}
			met[m.Name] = true
			all = append(all, &profilev1.ColumnUse{Title: clip(m.Name, maxValue), Field: clip(c.use(m), maxValue)})
		}
	}
	return all
}

// use is what a member without a title is read as, empty where it is not.
func (c *columns) use(m sheet.Member) string {
	switch {
	case c.open:
		return propertyOf(m.Name)
	case c.reads(m):
		return strings.Replace(m.Name, ofAttributes, ofAttribute+"…", 1)
	}
	return ""
}
