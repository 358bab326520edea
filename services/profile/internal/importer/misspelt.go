package importer

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/kehuhq/kehu/pkg/misspelt"
)

func missingColumns(missing, candidates []string) string {
	parts := make([]string, len(missing))
	for i, name := range missing {
		parts[i] = "column " + name + " is missing"
		if near := nearest(name, candidates); near != "" {
			parts[i] = fmt.Sprintf("column %q: did you mean %s?", clip(near, 60), name)
		}
	}
	return strings.Join(parts, "; ")
}

// nearest is the candidate that could be name misspelt, empty where none is.
func nearest(name string, candidates []string) string {
	best, distance := "", len(name)/3+1
	for _, candidate := range candidates {
		plain := strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(norm.NFKC.String(candidate))))
		if len(plain) > 2*len(name) {
			continue
		}
		d := misspelt.Distance(plain, name)
		if strings.ReplaceAll(plain, "_", "") == strings.ReplaceAll(name, "_", "") {
			d = 0 // "CustomerID"
		}
		if d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// quoteSome quotes the first few of many texts.
func quoteSome(texts []string) string {
	const most = 10
	quoted := make([]string, 0, most)
	for _, text := range texts[:min(len(texts), most)] {
		quoted = append(quoted, fmt.Sprintf("%q", clip(text, 60)))
	}
	if len(texts) > most {
		quoted = append(quoted, fmt.Sprintf("and %d more", len(texts)-most))
	}
	return strings.Join(quoted, ", ")
}

// clip shortens text to some 3 × limit bytes at most, by whole characters.
func clip(text string, limit int) string {
	n := 0
	for at := range text {
		if n == limit {
			return text[:at] + "…"
		}
		n++
	}
	return text
}
