package comparison

import (
	"slices"
	"strings"

	"github.com/antzucaro/matchr"
)

// agreement is what comparing one field came to: a level, and how the value is
// looked up in the frequencies where the level's u is the value's share.
type agreement struct {
	level Level
	kind  Frequent
	value []string // the share is that of the most frequent of them
}

func compareNames(a, b *name, organisations bool) agreement {
	var level Level
	switch {
	case organisations:
		level = organisationLevel(a, b)
	case a.chinese() && b.chinese():
		level = chineseLevel(a, b)
	case a.chinese():
		level = spelledLevel(a, b)
	case b.chinese():
		level = spelledLevel(b, a)
	default:
		level = latinLevel(a, b)
	}
	out := agreement{level: level, kind: ByName}
	switch level {
	case Exact:
		out.value = a.forms
	case SameSound, WithoutPlace:
		for _, form := range a.forms {
			if slices.Contains(b.forms, form) {
				out.value = append(out.value, form)
			}
		}
		if out.value == nil { // alike by an unusual reading
			out.value = slices.Concat(a.forms, b.forms)
		}
	case Near:
		out.value = slices.Concat(a.forms, b.forms)
	}
	return out
}

// chineseLevel compares two names in Chinese characters.
func chineseLevel(a, b *name) Level {
	if a.text == b.text {
		return Exact
	}
	if len(a.han) == len(b.han) && !slices.ContainsFunc(indexes(a.han), func(i int) bool { return !soundAlike(a.readings[i], b.readings[i]) }) {
		return SameSound
	}
	surname := a.surname == b.surname && sameSounds(a.readings[:a.surname], b.readings[:b.surname])
	given := sameSounds(a.readings[a.surname:], b.readings[b.surname:])
	switch {
	case given && !surname && len(a.han) > a.surname+1: // one character alone is everybody's
		return GivenName
	case !surname:
		return Different
	}
	return givenLevel(a.readings[a.surname:], b.readings[b.surname:])
}

// givenLevel compares two given names behind the same surname.
func givenLevel(a, b [][]string) Level {
	if len(a) != len(b) {
		short, long := a, b
		if len(a) > len(b) {
			short, long = b, a
		}
		if len(long) == 2 && len(short) == 1 && (soundAlike(short[0], long[0]) || soundAlike(short[0], long[1])) {
			return Partial
		}
		return Surname
	}
	differ, near := 0, 0
	for i := range a {
		if !soundAlike(a[i], b[i]) {
			differ++
			if nearSound(a[i], b[i]) {
				near++
			}
		}
	}
	switch {
	case differ == near:
		return Near
	case differ == 1 && len(a) > 1:
		return Partial
	}
	return Surname
}

// spelledLevel compares a name in Chinese characters with one in Latin letters.
func spelledLevel(han, latin *name) Level {
	for _, form := range latin.forms {
		if readsAs(han.readings, form) || slices.Contains(han.forms, form) {
			return SameSound
		}
	}
	for _, form := range latin.forms {
		if slices.ContainsFunc(han.forms, func(f string) bool { return misspelt(f, form) }) {
			return Near
		}
	}
	surname := han.forms[0][:len(han.forms[0])-len(han.givenSound())]
	if !slices.Contains(latin.words, surname) {
		return Different
	}
	for _, word := range latin.words {
		if initialOf(word, han.givenSound()) {
			return Initial
		}
	}
	return Surname
}

// latinLevel compares two names in Latin letters.
func latinLevel(a, b *name) Level {
	if a.text == b.text {
		return Exact
	}
	for _, form := range a.forms {
		if slices.Contains(b.forms, form) {
			return SameSound
		}
	}
	if slices.ContainsFunc(b.forms, func(f string) bool { return misspelt(a.forms[0], f) }) {
		return Near
	}
	if len(a.words) < 2 || len(b.words) < 2 {
		return Different
	}
	// Which end is the surname is not known: the reading that agrees best counts.
	best := Different
	for _, turned := range []bool{false, true} {
		if level := endsLevel(ends(a.words, false), ends(b.words, turned)); rank[level] > rank[best] {
			best = level
		}
	}
	return best
}

// ends is the first and the last word, or the other way round.
func ends(all []string, turned bool) [2]string {
	if turned {
		return [2]string{all[len(all)-1], all[0]}
	}
	return [2]string{all[0], all[len(all)-1]}
}

// rank orders the levels that ends can come to.
var rank = map[Level]int{Different: 0, Surname: 1, GivenName: 2, Initial: 3, Near: 4}

// endsLevel compares given name and surname; in the order of given names the
// first is the given name.
func endsLevel(a, b [2]string) Level {
	switch {
	case a == b: // a middle name is missing
		return Near
	case a[1] == b[1] && (initialOf(a[0], b[0]) || initialOf(b[0], a[0])),
		a[0] == b[0] && (initialOf(a[1], b[1]) || initialOf(b[1], a[1])):
		return Initial
	case a[0] == b[0] && len(a[0]) > 1 && !isSyllable(a[0]): // or it may be a Chinese surname
		return GivenName
	case a[0] == b[0]:
		return Surname
	case a[1] == b[1]:
		return Surname
	}
	return Different
}

func organisationLevel(a, b *name) Level {
	switch {
	case a.text == b.text:
		return Exact
	case a.core == b.core:
		return WithoutPlace
	case a.chinese() == b.chinese() && misspelt(a.forms[0], b.forms[0]):
		return Near
	case slices.ContainsFunc(a.forms, func(f string) bool { return slices.Contains(b.forms, f) }):
		return SameSound
	}
	return Different
}

// misspelt reports one slip of the hand (a letter too many, too few, another, or
// two swapped) in a name of six letters, two in one of twelve.
func misspelt(a, b string) bool {
	slips := min(len(a), len(b)) / 6
	if d := len(a) - len(b); slips == 0 || max(d, -d) > slips {
		return false
	}
	return matchr.OSA(a, b) <= min(slips, 2)
}

func initialOf(initial, word string) bool {
	return len(initial) == 1 && strings.HasPrefix(word, initial)
}

func sameSounds(a, b [][]string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !soundAlike(a[i], b[i]) {
			return false
		}
	}
	return true
}

func indexes[T any](s []T) []int {
	all := make([]int, len(s))
	for i := range s {
		all[i] = i
	}
	return all
}
