package domain

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		kind        IdentifierType
		given, want string
	}{
		{Email, "  Wang.Fang@Example.COM ", "wang.fang@example.com"},
		{Email, "ｗａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ", "wang@example.com"},
		{Email, "ada+shop@example.com", "ada+shop@example.com"},
		{Email, "info@例子.公司", "info@xn--fsqu00a.xn--55qx5d"},
		{Email, "INFO@xn--fsqu00a.XN--55QX5D", "info@xn--fsqu00a.xn--55qx5d"},
		{Email, "用户@例子.公益", "用户@xn--fsqu00a.xn--55qw42g"},
		{Email, "o'brien!#$%&*-/=?^_`{|}~@example.com", "o'brien!#$%&*-/=?^_`{|}~@example.com"},
		{Phone, "13812345678", "+8613812345678"},
		{Phone, " 138-1234-5678 ", "+8613812345678"},
		{Phone, "138 1234 5678", "+8613812345678"},
		{Phone, "１３８１２３４５６７８", "+8613812345678"},
		{Phone, "+86 13812345678", "+8613812345678"},
		{Phone, "8613812345678", "+8613812345678"},
		{Phone, "0086-13812345678", "+8613812345678"},
		{Phone, "(+86)13812345678", "+8613812345678"},
		{Phone, "17012345678", "+8617012345678"}, // virtual operators have real customers
		{Phone, "0755-26770000", "+8675526770000"},
		{Phone, "+44 20 7946 0000", "+442079460000"},
		{Phone, "+852 9123 4567", "+85291234567"},
		{ExternalID, "  tb_小王 ", "tb_小王"},
		{ExternalID, "e\u0301", "\u00e9"},
		{ExternalID, "CaseMatters", "CaseMatters"},
	} {
		got, f := Identifier{Type: c.kind, Value: c.given}.Normalize("identifiers[0]")
		if f != nil || got.Value != c.want {
			t.Errorf("%s %q: %q, %v, want %q", c.kind, c.given, got.Value, f, c.want)
		}
	}
}

func TestRefusedIdentifiers(t *testing.T) {
	for _, c := range []struct {
		kind          IdentifierType
		value, reason string
	}{
		{Email, "", "INVALID_FIELD"},
		{Email, "nobody", "INVALID_FIELD"},
		{Email, "@example.com", "INVALID_FIELD"},
		{Email, "a@", "INVALID_FIELD"},
		{Email, "a@localhost", "INVALID_FIELD"},
		{Email, "a@b@example.com", "INVALID_FIELD"},
		{Email, "a b@example.com", "INVALID_FIELD"},
		{Email, ".a@example.com", "INVALID_FIELD"},
		{Email, "a..b@example.com", "INVALID_FIELD"},
		{Email, "a@exa mple.com", "INVALID_FIELD"},
		{Email, "a@-x-.com", "INVALID_FIELD"},
		{Email, "a@example..com", "INVALID_FIELD"},
		{Email, "a\x00@example.com", "INVALID_FIELD"},
		{Email, "\u202emoc.elpmaxe@a.com", "INVALID_FIELD"},
		{Email, "<script>@example.com", "INVALID_FIELD"},
		{Email, strings.Repeat("a", 65) + "@example.com", "INVALID_FIELD"},
		{Email, "w***g@example.com", "EMAIL_MASKED"},
		{Email, "a@\xff.com", "INVALID_FIELD"},
		{Phone, "", "INVALID_FIELD"},
		{Phone, "138****5678", "PHONE_MASKED"},
		{Phone, "138＊＊＊＊5678", "PHONE_MASKED"},
		{Phone, "138xxxx5678", "PHONE_MASKED"},
		{Phone, "138••••5678", "PHONE_MASKED"},
		{Phone, "138 **** 5678", "PHONE_MASKED"},
		{Phone, "13812345678-1234", "PHONE_VIRTUAL"},
		{Phone, "13812345678,1234", "PHONE_VIRTUAL"},
		{Phone, "13812345678，1234", "PHONE_VIRTUAL"},
		{Phone, "13812345678#12", "PHONE_VIRTUAL"},
		{Phone, "13812345678转1234", "PHONE_VIRTUAL"},
		{Phone, "13812345678 ext. 12", "PHONE_VIRTUAL"},
		{Phone, "+86 138-1234-5678-9012", "PHONE_VIRTUAL"},
		{Phone, "95013123456789", "PHONE_VIRTUAL"},
		{Phone, "+442079460000 ext. 12", "PHONE_VIRTUAL"},
		{Phone, "12345", "PHONE_INVALID"},
		{Phone, "99999999999", "PHONE_INVALID"},
		{Phone, "hello", "PHONE_INVALID"},
		{Phone, "+999123456789", "PHONE_INVALID"},
		{Phone, strings.Repeat("1", 400), "INVALID_FIELD"},
		{ExternalID, " ", "INVALID_FIELD"},
		{ExternalID, "小**", "IDENTIFIER_MASKED"},
		{ExternalID, "a\u200bb", "INVALID_FIELD"},
		{ExternalID, "a\nb", "INVALID_FIELD"},
		{"fax", "1", "INVALID_FIELD"},
	} {
		got, f := Identifier{Type: c.kind, Value: c.value}.Normalize("identifiers[3]")
		if f == nil || f.Reason != c.reason || !strings.HasPrefix(f.Violations[0].Field, "identifiers[3].") {
			t.Errorf("%s %.40q: %q, %+v, want %s", c.kind, c.value, got.Value, f, c.reason)
		}
	}
}

func TestNamespaces(t *testing.T) {
	shop := Identifier{Type: ExternalID, Value: "1", Namespace: " taobao/shop-1 "}
	got, f := shop.Normalize("identifiers[0]")
	if f != nil || got.Namespace != "taobao/shop-1" {
		t.Errorf("%+v, %v", got, f)
	}
	for field, bad := range map[string]Identifier{
		"identifiers[0].namespace": {Type: Email, Value: "a@example.com", Namespace: "x"},
		"namespace":                {Type: ExternalID, Value: "1", Namespace: strings.Repeat("x", 129)},
	} {
		path, _, _ := strings.Cut(field, ".")
		if path == "namespace" {
			path = ""
		}
		if _, f := bad.Normalize(path); f == nil || f.Violations[0].Field != field {
			t.Errorf("%+v: %v", bad, f)
		}
	}
	if _, f := (Identifier{Type: Phone, Value: "138****5678"}).Normalize(""); f == nil || f.Violations[0].Field != "phone" {
		t.Errorf("a look-up's fault names %v", f)
	}
}

// What is normalised stays as it is: otherwise a record read and written back
// would claim another identifier.
func TestNormalizingTwiceChangesNothing(t *testing.T) {
	letters := rapid.StringOf(rapid.RuneFrom([]rune("aB1.+-_ſİßＡｂ＠@例子。．éé王公司0123456789 *")))
	rapid.Check(t, func(t *rapid.T) {
		given := Identifier{
			Type: rapid.SampledFrom([]IdentifierType{Email, Phone, ExternalID}).Draw(t, "type"),
		}
		switch given.Type {
		case Email:
			given.Value = letters.Draw(t, "local") + "@" + letters.Draw(t, "domain") + ".com"
		case Phone:
			given.Value = rapid.StringMatching(`\+?[0-9 -]{5,14}`).Draw(t, "number")
		default:
			given.Value, given.Namespace = rapid.String().Draw(t, "value"), letters.Draw(t, "namespace")
		}
		once, f := given.Normalize("identifiers[0]")
		if f != nil {
			t.Skip("not an identifier")
		}
		twice, f := once.Normalize("identifiers[0]")
		if f != nil || once != twice {
			t.Fatalf("%+v became %+v, then %+v, %v", given, once, twice, f)
		}
	})
}
