package comparison

import (
	"slices"
	"strings"
)

// name is a person's or an organisation's name, read.
type name struct {
	text     string     // what has to be equal for the names to be
	han      []rune     // the Chinese characters, where it is Chinese
	surname  int        // how many of han are the surname
	readings [][]string // of each of han
	words    []string   // of a name in Latin letters
	// forms are the sound of the name as letters without spaces, surname first
	// and, where that cannot be told, in every order that it may have.
	forms []string
	core  string // of an organisation: the name without place and legal form
}

func (n *name) known() bool   { return len(n.forms) > 0 }
func (n *name) chinese() bool { return len(n.han) > 0 }

// titles say how to address somebody and are no part of the name.
var titles = map[string]bool{"mr": true, "mrs": true, "ms": true, "miss": true, "dr": true, "prof": true, "sir": true}

var hanTitles = []string{"先生", "女士", "小姐", "太太", "老师", "同学"}

// readName reads a person's name. One with at least two Chinese characters is
// Chinese, whatever stands beside them.
func readName(s string) name {
	han := hanOf(fold(s))
	for _, title := range hanTitles {
		if t := []rune(title); len(han) > len(t)+1 && slices.Equal(han[len(han)-len(t):], t) {
			han = han[:len(han)-len(t)]
		}
	}
	if len(han) >= 2 {
		return readChinese(han)
	}
	var all []string
	for _, w := range words(bare(s)) {
		if !titles[w] {
			all = append(all, syllableSpelling(w))
		}
	}
	return readLatin(all)
}

// syllableSpelling writes ü as u, however it was typed.
func syllableSpelling(word string) string {
	switch word {
	case "lv", "lyu":
		return "lu"
	case "nv", "nyu":
		return "nu"
	}
	return word
}

func readChinese(han []rune) name {
	n := name{text: string(han), han: han, surname: 1}
	if len(han) > 2 && doubleSurnames[string(han[:2])] {
		n.surname = 2
	}
	var usual strings.Builder
	for i, r := range han {
		all := syllables(r)
		if len(all) == 0 { // a character nobody has a reading for stands for itself
			all = []string{string(r)}
		}
		n.readings = append(n.readings, all)
		if i >= n.surname {
			usual.WriteString(all[0])
		}
	}
	plain := ""
	for _, all := range n.readings[:n.surname] {
		plain += all[0]
	}
	n.forms = []string{plain + usual.String()}
	if special, ok := surnameReadings[string(han[:n.surname])]; ok && special != plain {
		n.forms = []string{special + usual.String(), n.forms[0]}
		n.readings = slices.Clone(n.readings)
		if n.surname == 1 && !slices.Contains(n.readings[0], special) {
			n.readings[0] = append([]string{special}, n.readings[0]...)
		}
	}
	return n
}

// readLatin gives the words in the order given and with the first or the last
// word at the other end, since either may be the surname.
func readLatin(all []string) name {
	n := name{text: strings.Join(all, " "), words: all}
	if len(all) == 0 {
		return n
	}
	last := len(all) - 1
	orders := [][]string{
		all,
		append([]string{all[last]}, all[:last]...),
		append(slices.Clone(all[1:]), all[0]),
	}
	for _, order := range orders {
		if form := strings.Join(order, ""); !slices.Contains(n.forms, form) {
			n.forms = append(n.forms, form)
		}
	}
	return n
}

// readings of the given name as letters, the usual ones.
func (n *name) givenSound() string {
	var b strings.Builder
	for _, all := range n.readings[n.surname:] {
		b.WriteString(all[0])
	}
	return b.String()
}
