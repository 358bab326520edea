package domain

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
)

var today = time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)

// fieldsAtFault lists the fields that an error names.
func fieldsAtFault(err error) []string {
	f, ok := fault.As(err)
	if !ok {
		return nil
	}
	var fields []string
	for _, v := range f.Violations {
		fields = append(fields, v.Field)
	}
	return fields
}

func TestBirthDates(t *testing.T) {
	for date, sound := range map[BirthDate]bool{
		{}: true, {1990, 5, 17}: true, {0, 5, 17}: true, {0, 2, 29}: true, {2024, 2, 29}: true,
		{1850, 1, 1}: true, {2026, 2, 28}: true, {2026, 3, 1}: true, // today, further east
		{2023, 2, 29}: false, {1990, 13, 1}: false, {1990, 4, 31}: false, {1990, 0, 0}: false, {1990, 5, 0}: false,
		{1849, 12, 31}: false, {2026, 3, 2}: false, {9999, 1, 1}: false, {-1, 1, 1}: false, {0, 0, 5}: false,
		{math.MaxInt32, 1, 1}: false, {1990, -1, 5}: false, {1990, math.MaxInt32, math.MaxInt32}: false,
	} {
		if f := date.check("birth_date", today); (f == nil) != sound {
			t.Errorf("%+v: %v", date, f)
		}
	}
}

func TestBirthDateIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		date := BirthDate{
			rapid.SampledFrom([]int{0, 1850, 1990, 2024}).Draw(t, "year"),
			rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 28).Draw(t, "day"),
		}
		if got, err := ParseBirthDate(date.String()); err != nil || got != date {
			t.Fatalf("%s is read as %+v, %v", date, got, err)
		}
	})
	for _, text := range []string{"1990", "1990-5-17", "x", "1990-05-17 ", "17.5.1990", "--5-17"} {
		if got, err := ParseBirthDate(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

func TestCustomerNamesAllThatIsWrong(t *testing.T) {
	c := Customer{
		ID: "a/b", Details: Details{
			Kind: "robot", Gender: "x", Acquisition: "y", DisplayName: strings.Repeat("王", 257),
			Region: "a\x00b", City: "line\nbreak", BirthDate: BirthDate{1990, 2, 30}, Country: "XX", HouseholdSize: -1,
			Identifiers:    []Identifier{{Email, "ok@example.com", ""}, {Phone, "138****5678", ""}},
			SocialAccounts: []SocialAccount{{Platform: "weibo"}, {Handle: "x"}},
			Interests:      []string{"a", " "},
			Attributes:     map[string]Value{"Bad": {Type: BoolValue}, "good": {}},
		},
	}
	want := []string{
		"name", "kind", "display_name", "gender", "birth_date", "region", "city", "country", "identifiers[1].value",
		"acquisition", "household_size", "interests[1]", "social_accounts[1].platform", "attributes", "attributes.good",
	}
	if got := fieldsAtFault(c.Normalize(today)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	c = Customer{ID: "a", Details: Details{Identifiers: make([]Identifier, MaxIdentifiers+1)}}
	if got := fieldsAtFault(c.Normalize(today)); !slices.Equal(got, []string{"identifiers"}) {
		t.Errorf("too many identifiers: %q", got)
	}
}

func TestTextOfAnyScriptIsKept(t *testing.T) {
	for _, name := range []string{"王芳", "👩‍👩‍👧", "\u202eevil", "аpple", "\u0301", "<script>alert(1)</script>", "ｆｕｌｌ", strings.Repeat("王", 256)} {
		c := Customer{ID: "a", Details: Details{DisplayName: name}}
		if err := c.Normalize(today); err != nil || c.DisplayName != name {
			t.Errorf("%q: %q, %v", name, c.DisplayName, err)
		}
	}
}

func TestIdentifierGivenTwiceIsKeptOnce(t *testing.T) {
	c := Customer{ID: "a", Details: Details{Identifiers: []Identifier{
		{Phone, "13812345678", ""}, {Email, "A@example.com", ""}, {Phone, "+86 138 1234 5678", ""}, {Email, "a@EXAMPLE.com", ""},
	}}}
	if err := c.Normalize(today); err != nil {
		t.Fatal(err)
	}
	want := []Identifier{{Phone, "+8613812345678", ""}, {Email, "a@example.com", ""}}
	if !slices.Equal(c.Identifiers, want) {
		t.Errorf("kept %+v", c.Identifiers)
	}
}

func TestLearnAddsAndNeverClears(t *testing.T) {
	mail := Identifier{Type: Email, Value: "a@example.com"}
	phone := Identifier{Type: Phone, Value: "+8613812345678"}
	c := Details{City: "深圳", DisplayName: "王芳", Identifiers: []Identifier{mail}}
	before := c
	c.Learn(&Details{City: "广州", Identifiers: []Identifier{phone, mail}})
	if c.City != "广州" || c.DisplayName != "王芳" || !slices.Equal(c.Identifiers, []Identifier{mail, phone}) {
		t.Errorf("learnt %+v", c)
	}
	if len(before.Identifiers) != 1 {
		t.Errorf("what was there has changed: %+v", before)
	}
}
