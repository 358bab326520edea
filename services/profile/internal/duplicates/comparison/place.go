package comparison

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/antzucaro/matchr"
)

// place is a postal address, read: the street, and the numbers of house, stairs
// and door in their order.
type place struct {
	street  string
	numbers []string
	// key is equal for the ways in which one address is written, the street and
	// the numbers of house and door; empty where there is no number.
	key string
}

var (
	// countedHan finds numerals in front of what is numbered: 三号楼, 十二栋.
	countedHan = regexp.MustCompile(`[〇零一二三四五六七八九十百]+(号|號|栋|幢|棟|座|楼|樓|层|層|室|单元|單元|弄|巷|村)`)
	// division finds what stands in front of the street: 广东省, 深圳市, 南山区, 粤海街道.
	division = regexp.MustCompile(`^.*?(省|自治区|特别行政区|市|区|區|县|縣|镇|鎮|乡|鄉|街道)`)
	number   = regexp.MustCompile(`[0-9]+[a-z]?`)
	// streetEnd is the kinds of street, which some leave out.
	streetEnd = regexp.MustCompile(`(路|街|大道|道|巷|弄|胡同|大街)$`)
)

// abbreviations of English addresses, and words that name no street.
var abbreviations = map[string]string{
	"st": "street", "str": "street", "rd": "road", "ave": "avenue", "av": "avenue", "ln": "lane", "dr": "drive",
	"blvd": "boulevard", "sq": "square", "ct": "court", "pl": "place", "cres": "crescent", "ter": "terrace",
	"flat": "", "apt": "", "apartment": "", "unit": "", "suite": "", "no": "", "room": "", "rm": "", "floor": "", "building": "",
}

func readPlace(a Address) place {
	line := bare(a.Line)
	if len(hanOf(line)) >= 2 {
		return readChinesePlace(line, a)
	}
	var p place
	skip := map[string]bool{cityName(a.City): true, bare(a.Region): true, "": true}
	var street []string
	for _, w := range words(line) {
		if number.MatchString(w) {
			p.numbers = append(p.numbers, w)
			continue
		}
		if long, ok := abbreviations[w]; ok {
			w = long
		}
		if !skip[w] {
			street = append(street, w)
		}
	}
	p.street = strings.Join(street, " ")
	slices.Sort(p.numbers) // "Flat 3, 12 High St" is "12 High St, Flat 3"
	return p.keyed(cityName(a.City) + " " + p.street)
}

func readChinesePlace(line string, a Address) place {
	line = strings.Join(strings.Fields(line), "")
	line = countedHan.ReplaceAllStringFunc(line, arabic)
	head, tail := line, ""
	if at := number.FindStringIndex(line); at != nil {
		head, tail = line[:at[0]], line[at[0]:]
	}
	head = strings.TrimPrefix(head, strings.TrimSuffix(fold(a.Region), "省"))
	head = strings.TrimPrefix(head, "省")
	head = strings.TrimPrefix(head, cityName(a.City))
	for {
		at := division.FindStringIndex(head)
		if at == nil || len(head)-at[1] < len("园路") {
			break
		}
		head = head[at[1]:]
	}
	p := place{street: string(hanOf(head)), numbers: number.FindAllString(tail, -1)}
	core := []rune(streetEnd.ReplaceAllString(p.street, ""))
	return p.keyed(string(core[max(0, len(core)-2):]))
}

func (p place) keyed(street string) place {
	if len(p.numbers) > 0 && street != "" {
		p.key = street + "|" + p.numbers[0] + "-" + p.numbers[len(p.numbers)-1]
	}
	return p
}

var hanDigits = map[rune]int{'〇': 0, '零': 0, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}

// arabic rewrites the numeral in front of what is numbered: 十二栋 is 12栋.
func arabic(s string) string {
	value, digit, plain := 0, 0, ""
	at := 0
	for i, r := range s {
		at = i
		if d, ok := hanDigits[r]; ok {
			digit = d
			plain += string(rune('0' + d))
			continue
		}
		if r != '十' && r != '百' {
			break
		}
		unit := 10
		if r == '百' {
			unit = 100
		}
		value += max(digit, 1) * unit
		digit, plain = 0, ""
	}
	rest := s[at:]
	if value == 0 { // digit by digit: 三〇一室
		return plain + rest
	}
	return strconv.Itoa(value+digit) + rest
}

func comparePlaces(a, b place) Level {
	if !sameStreet(a.street, b.street) {
		return Different
	}
	switch {
	case sameDoor(a.numbers, b.numbers):
		return Exact
	case a.numbers[0] == b.numbers[0]:
		return Building
	}
	return Different
}

// sameStreet allows for a district in front of one of them and for a slip.
func sameStreet(a, b string) bool {
	a, b = streetEnd.ReplaceAllString(a, ""), streetEnd.ReplaceAllString(b, "")
	if len([]rune(a)) < 2 || len([]rune(b)) < 2 {
		return a == b
	}
	return strings.HasSuffix(a, b) || strings.HasSuffix(b, a) || matchr.JaroWinkler(a, b, false) >= 0.93
}

// sameDoor reports that house and door agree and nothing between contradicts:
// some leave out the stairs.
func sameDoor(a, b []string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 2 && len(a) != len(b) || a[0] != b[0] || a[len(a)-1] != b[len(b)-1] {
		return false
	}
	for _, n := range b {
		if len(a) > 0 && a[0] == n {
			a = a[1:]
		}
	}
	return len(a) == 0
}
