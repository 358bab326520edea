package words

import (
	"regexp"
	"slices"
	"testing"
)

var place = regexp.MustCompile(`\{[a-z]+\}`)

func TestLanguagesSayTheSame(t *testing.T) {
	if got := Languages(); !slices.Equal(got, []string{English, Chinese}) {
		t.Fatalf("languages %v", got)
	}
	if zh, en := Keys(Chinese), Keys(English); !slices.Equal(zh, en) {
		for _, key := range zh {
			if !slices.Contains(en, key) {
				t.Errorf("%s is only in Chinese", key)
			}
		}
		for _, key := range en {
			if !slices.Contains(zh, key) {
				t.Errorf("%s is only in English", key)
			}
		}
	}
	for _, key := range Keys(English) {
		text := Of(key)
		if text.ZH == "" || text.EN == "" {
			t.Errorf("%s is empty", key)
		}
		zh, en := place.FindAllString(text.ZH, -1), place.FindAllString(text.EN, -1)
		slices.Sort(zh)
		slices.Sort(en)
		if !slices.Equal(zh, en) {
			t.Errorf("%s has places %v in Chinese and %v in English", key, zh, en)
		}
	}
}

func TestNoKeyIsWrittenTwice(t *testing.T) {
	for lang, parts := range map[string][]map[string]string{
		Chinese: {zhPage, zhAdvice, zhQuality, zhFigures}, English: {enPage, enAdvice, enQuality, enFigures},
	} {
		n := 0
		for _, part := range parts {
			n += len(part)
		}
		if n != len(Keys(lang)) {
			t.Errorf("%s: %d texts under %d keys", lang, n, len(Keys(lang)))
		}
	}
}

func TestPlacesAreTaken(t *testing.T) {
	text, err := In(English, "quality.refused.title", "code", "X{code}")
	if err != nil || text != "Rows refused (X{code})" {
		t.Errorf("%q, %v", text, err)
	}
	for _, unknown := range [][2]string{{English, "nothing"}, {"fr", "quality.refused.title"}} {
		if text, err := In(unknown[0], unknown[1]); err == nil {
			t.Errorf("%v is %q", unknown, text)
		}
	}
}
