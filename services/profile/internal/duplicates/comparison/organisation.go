package comparison

import "strings"

// legalForms end the names of companies and say nothing of which one it is; the
// longer ones first.
var legalForms = []string{
	"股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "集团公司", "分公司", "总公司", "公司", "集团",
}

var latinLegalForms = map[string]bool{
	"ltd": true, "limited": true, "inc": true, "incorporated": true, "co": true, "corp": true, "corporation": true,
	"company": true, "llc": true, "plc": true, "gmbh": true, "ag": true, "sa": true, "bv": true, "group": true,
}

// namesOrganisation tells a company by the legal form in its name.
func namesOrganisation(s string) bool {
	s = fold(s)
	for _, form := range legalForms {
		if strings.HasSuffix(s, form) && len(s) > len(form)+len("华信") {
			return true
		}
	}
	all := words(s)
	return len(all) > 1 && latinLegalForms[all[len(all)-1]] && all[len(all)-1] != "ag" && all[len(all)-1] != "sa"
}

// readOrganisation reads a company's name. Its core is without legal form and
// without the place where it is, which some leave out.
func readOrganisation(s, city string) name {
	s = bare(s)
	han := hanOf(s)
	if len(han) < 2 {
		var kept []string
		for _, w := range words(s) {
			if !latinLegalForms[w] {
				kept = append(kept, w)
			}
		}
		joined := strings.Join(kept, "")
		if joined == "" {
			return name{}
		}
		return name{text: strings.Join(kept, " "), words: kept, forms: []string{joined}, core: joined}
	}
	text := string(han)
	for _, form := range legalForms {
		if trimmed := strings.TrimSuffix(text, form); len(trimmed) >= len("华信") {
			text = trimmed
		}
	}
	core := text
	if c := cityName(city); c != "" {
		for _, prefix := range []string{c + "市", c} {
			if trimmed, found := strings.CutPrefix(core, prefix); found && len(trimmed) >= len("华信") {
				core = trimmed
				break
			}
		}
	}
	n := readChinese([]rune(text))
	n.core = core
	n.surname = 0
	n.forms = n.forms[:1]
	if core != text {
		n.forms = append(n.forms, readChinese([]rune(core)).forms[0])
	}
	return n
}
