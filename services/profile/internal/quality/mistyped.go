package quality

import (
	"slices"
	"strings"

	"github.com/antzucaro/matchr"
)

// mailDomains are those of providers that many people use, so that a domain one
// slip away from them is more likely a slip than somebody's own.
var mailDomains = []string{
	"qq.com", "163.com", "126.com", "139.com", "189.cn", "yeah.net", "foxmail.com", "sina.com", "sina.cn", "sohu.com", "aliyun.com",
	"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "yahoo.co.uk", "ymail.com", "icloud.com", "me.com",
	"aol.com", "protonmail.com", "proton.me", "gmx.de", "gmx.net", "web.de", "mail.ru", "yandex.ru", "naver.com", "mail.com", "email.com", "gmx.com", "vip.qq.com",
	"vip.163.com", "vip.sina.com", "tom.com", "21cn.com", "hotmail.fr", "hotmail.co.uk", "yahoo.fr", "yahoo.de", "yahoo.co.jp", "yahoo.com.cn", "live.cn", "live.fr",
}

// enough is the least length of a domain for which one slip tells: "qqq.com" may
// well be somebody's own.
const enough = len("gmail.com")

// mistyped reports a domain that is one insertion, deletion, change or swap away
// from that of a large provider, or has its ending wrong.
func mistyped(domain string) bool {
	if slices.Contains(mailDomains, domain) {
		return false
	}
	for _, known := range mailDomains {
		if len(known) >= enough && matchr.DamerauLevenshtein(domain, known) == 1 {
			return true
		}
		for _, end := range []string{".con", ".cmo", ".ocm", ".comm", ".vom", ".xom"} {
			if stem, cut := strings.CutSuffix(known, ".com"); cut && domain == stem+end {
				return true
			}
		}
	}
	return false
}
