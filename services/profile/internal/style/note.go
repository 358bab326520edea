package style

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ego/gse"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/aip"
)

// reader reads signs from notes. The dictionary of its word segmentation is the
// words of the signs, the words that hold them and mean something else, and the
// negations; everything else falls into single characters or English words.
type reader struct {
	segmenter gse.Segmenter
	signs     map[string]*sign // by word
}

// negations before a word of a sign take it back.
var negations = []string{"不", "没", "没有", "不要", "不用", "不看", "不谈", "别", "无", "not", "no", "don't", "doesn't", "without", "never"}

// wordFrequency is given to each word alike: the longest words then win.
const wordFrequency = 100

func newReader() (*reader, error) {
	r := &reader{signs: make(map[string]*sign)}
	var dictionary strings.Builder
	add := func(word string) { fmt.Fprintf(&dictionary, "%s, %d, n\n", word, wordFrequency) }
	for i := range signs {
		for _, word := range signs[i].words {
			r.signs[word] = &signs[i]
			add(word)
		}
	}
	for _, word := range otherWords {
		add(word)
	}
	for _, word := range negations {
		add(word)
	}
	r.segmenter.SkipLog, r.segmenter.DictSep = true, ","
	return r, r.segmenter.LoadDictStr(dictionary.String())
}

// plain is a note in the form of the dictionary, character for character: lower
// case, half width, plain spaces and apostrophes.
func plain(note string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '！' && c <= '～':
			c -= '！' - '!'
		case c == '’':
			c = '\''
		case unicode.IsSpace(c):
			return ' '
		}
		return unicode.ToLower(c)
	}, note)
}

// read finds the words of signs in a note, in their order.
func (r *reader) read(note string) []*profilev1.NoteMatch {
	given, text := []rune(note), plain(note)
	var matches []*profilev1.NoteMatch
	at, negated := 0, false // at counts characters
	for _, segment := range r.segmenter.Segment([]byte(text)) {
		word := text[segment.Start():segment.End()]
		begin := at
		at += utf8.RuneCountInString(word)
		if s := r.signs[word]; s != nil && !negated {
			matches = append(matches, &profilev1.NoteMatch{
				Sign: aip.Name(signPattern, s.id), Word: string(given[begin:at]), Offset: int32(begin),
			})
		}
		if strings.TrimSpace(word) != "" {
			negated = isNegation(word)
		}
	}
	return matches
}

func isNegation(word string) bool {
	for _, n := range negations {
		if word == n {
			return true
		}
	}
	return false
}
