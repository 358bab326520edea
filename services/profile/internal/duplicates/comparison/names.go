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
	level := Different
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
	case SameSound:
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
	case given && string(a.han[a.surname:]) == string(b.han[b.surname:]):
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
	if slices.Contains(latin.words, surname) {
		return Surname
	}
	return Different
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
	aFirst, aLast := a.words[0], a.words[len(a.words)-1]
	bFirst, bLast := b.words[0], b.words[len(b.words)-1]
	switch {
	case len(a.words) < 2 || len(b.words) < 2:
		return Different
	case aLast == bLast && aFirst == bFirst: // a middle name is missing
		return Near
	case aLast == bLast && (initialOf(aFirst, bFirst) || initialOf(bFirst, aFirst)):
		return Partial
	case aFirst == bFirst && len(aFirst) > 1:
		return GivenName
	case aLast == bLast, aFirst == bLast, aLast == bFirst:
		return Surname
	}
	return Different
}

func organisationLevel(a, b *name) Level {
	switch {
	case a.text == b.text:
		return Exact
	case a.core == b.core:
		return Near
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
