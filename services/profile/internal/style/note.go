package style

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// reader reads signs from notes. It splits a note into words by forward maximum
// matching (at each place the longest word of a dictionary), the usual way with
// Chinese when the dictionary is a closed one: the words of the signs, the words
// that hold them and mean something else, and the negations. A general
// segmenter with its dictionary of a language would add tens of megabytes and
// find the same words. What is in no dictionary falls into single characters, or
// into words of letters.
type reader struct {
	signs   map[string]*sign // by word
	words   map[string]bool
	longest int // characters of the longest word
}

// negations before a word of a sign take it back.
var negations = []string{"不", "没", "没有", "不要", "不用", "不看", "不谈", "别", "无", "not", "no", "don't", "doesn't", "without", "never"}

func newReader() *reader {
	r := &reader{signs: make(map[string]*sign), words: make(map[string]bool)}
	for i := range signs {
		for _, word := range signs[i].words {
			r.signs[word] = &signs[i]
			r.words[word] = true
		}
	}
	for _, word := range slices.Concat(otherWords, negations) {
		r.words[word] = true
	}
	for word := range r.words {
		r.longest = max(r.longest, utf8.RuneCountInString(word))
	}
	return r
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
	given, text := []rune(note), []rune(plain(note))
	var matches []*profilev1.NoteMatch
	negated := false
	for begin, end := range r.split(text) {
		word := string(text[begin:end])
		if s := r.signs[word]; s != nil && !negated {
			matches = append(matches, &profilev1.NoteMatch{
				Sign: aip.Name(signPattern, s.id), Word: string(given[begin:end]), Offset: int32(begin),
			})
		}
		if word != " " {
			negated = slices.Contains(negations, word)
		}
	}
	return matches
}

// split yields where each word begins and ends.
func (r *reader) split(text []rune) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for at := 0; at < len(text); {
			end := r.end(text, at)
			if !yield(at, end) {
				return
			}
			at = end
		}
	}
}

// end is where the word ends that begins at a place.
func (r *reader) end(text []rune, at int) int {
	for end := min(len(text), at+r.longest); end > at; end-- {
		if !(end < len(text) && latin(text[end-1]) && latin(text[end])) && r.words[string(text[at:end])] {
			return end
		}
	}
	end := at + 1
	for latin(text[at]) && end < len(text) && latin(text[end]) {
		end++
	}
	return end
}

// latin reports a character that English words are made of.
func latin(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '\''
}
