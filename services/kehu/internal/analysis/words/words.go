// Package words holds what Kehu says to people about an analysis, in Chinese
// and in English: one catalogue per language, with the same keys.
package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The languages.
const (
	Chinese = "zh"
	English = "en"
)

// catalogues are the texts by language and key.
var catalogues = map[string]map[string]string{
	Chinese: joined(zhPage, zhAdvice, zhQuality, zhFigures),
	English: joined(enPage, enAdvice, enQuality, enFigures),
}

func joined(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// Languages are those there are.
func Languages() []string { return slices.Sorted(maps.Keys(catalogues)) }

// Keys are those of a language, sorted.
func Keys(lang string) []string { return slices.Sorted(maps.Keys(catalogues[lang])) }

// Has tells whether there is a text for a key.
func Has(key string) bool {
	_, ok := catalogues[English][key]
	return ok
}

// In is the text for a key, with its {places} taken by the values given as
// pairs of place and value. A key or a language that does not exist is an error.
func In(lang, key string, values ...any) (string, error) {
	text, ok := catalogues[lang][key]
	if !ok {
		return "", fmt.Errorf("no text %q in language %q", key, lang)
	}
	if len(values) == 0 {
		return text, nil
	}
	pairs := make([]string, 0, len(values))
	for i := 0; i+1 < len(values); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", values[i]), fmt.Sprint(values[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text), nil
}

// Text is a text in every language.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Of is the text for a key in every language; both are empty where there is none.
func Of(key string) Text {
	return Text{ZH: catalogues[Chinese][key], EN: catalogues[English][key]}
}

// In is the text in a language.
func (t Text) In(lang string) string {
	if lang == Chinese {
		return t.ZH
	}
	return t.EN
}
