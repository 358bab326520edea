package ident

import (
	"strings"
	"testing"
)

func TestIDs(t *testing.T) {
	for _, id := range []string{
		"1", "a-b", "a.b", "a b", "会员-1", "😀", "..a", "a:b", "$x", `\0`, "C_1", "é", "a!b", `"`,
		strings.Repeat("x", 128), strings.Repeat("会", 128),
	} {
		if f := Check("name", id); f != nil {
			t.Errorf("%q: %v", id, f)
		}
	}
	for _, id := range []string{
		"", ".", "..", "a/b", "a%b", " a", "a ", "\u00a0a", "a\x00", "a\nb", "a\u0085b", "\xff", "a\xc3",
		strings.Repeat("x", 129), strings.Repeat("会", 129), strings.Repeat("x", 1<<20),
	} {
		f := Check("customer_id", id)
		if f == nil || f.Violations[0].Field != "customer_id" {
			t.Errorf("%.20q: %v", id, f)
		}
	}
}
