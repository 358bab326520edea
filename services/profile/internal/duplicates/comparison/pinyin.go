package comparison

import (
	"slices"
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
)

// surnameReadings are surnames that are read otherwise than the character is as
// a word. What a program that does not know makes of them stands beside.
var surnameReadings = map[string]string{
	"单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "查": "zha", "区": "ou", "朴": "piao", "盖": "ge",
	"翟": "zhai", "覃": "qin", "冼": "xian", "缪": "miao", "宓": "mi", "乐": "yue", "折": "she", "黑": "he",
	"尉迟": "yuchi", "万俟": "moqi", "长孙": "zhangsun",
}

// doubleSurnames are those of two characters.
var doubleSurnames = map[string]bool{
	"欧阳": true, "歐陽": true, "司马": true, "司馬": true, "上官": true, "诸葛": true, "諸葛": true, "东方": true,
	"尉迟": true, "公孙": true, "慕容": true, "令狐": true, "皇甫": true, "宇文": true, "长孙": true, "司徒": true,
	"夏侯": true, "端木": true, "万俟": true, "南宫": true, "独孤": true, "轩辕": true, "钟离": true, "闻人": true,
	"申屠": true, "太史": true, "澹台": true, "淳于": true, "单于": true, "公冶": true, "濮阳": true, "呼延": true,
}

var allReadings = func() pinyin.Args {
	a := pinyin.NewArgs() // letters without tones
	a.Heteronym = true
	return a
}()

// syllables are the readings of a character without tones, the usual one first;
// ü is written u.
func syllables(r rune) []string {
	var all []string
	for _, s := range pinyin.SinglePinyin(r, allReadings) {
		s = strings.ReplaceAll(s, "v", "u")
		s = strings.ReplaceAll(s, "ü", "u")
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// soundAlike reports whether two characters can be read alike.
func soundAlike(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// readsAs reports whether the characters can be read as the letters.
func readsAs(readings [][]string, letters string) bool {
	if len(readings) == 0 {
		return letters == ""
	}
	for _, s := range readings[0] {
		if rest, ok := strings.CutPrefix(letters, s); ok && readsAs(readings[1:], rest) {
			return true
		}
	}
	return false
}

// nearSound reports whether two syllables are among those that speakers mix up
// or that are one letter apart: n/l, zh/z, ch/c, sh/s, h/f, -n/-ng.
func nearSound(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if blurred(x) == blurred(y) {
				return true
			}
		}
	}
	return false
}

var blur = strings.NewReplacer("zh", "z", "ch", "c", "sh", "s")

func blurred(s string) string {
	s = strings.TrimSuffix(blur.Replace(s), "g")
	switch s[:min(1, len(s))] {
	case "l":
		return "n" + s[1:]
	case "f":
		return "h" + s[1:]
	}
	return s
}

// isSyllable reports whether letters are the sound of one Chinese character.
func isSyllable(letters string) bool { return allSyllables()[letters] }

var allSyllables = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for r := range pinyin.PinyinDict {
		for _, s := range syllables(rune(r)) {
			all[s] = true
		}
	}
	return all
})
