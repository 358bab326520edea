package domain_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/domain/domaintest"
)

var day = time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)

// What is sound is kept as it is, however often it is checked.
func TestNormalizingTwiceIsNormalizingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := domain.Customer{ID: "a", Details: domaintest.Details(t)}
		if err := c.Normalize(day); err != nil {
			t.Fatal(err)
		}
		once := c
		if err := c.Normalize(day); err != nil || !c.SameContent(&once.Details) {
			t.Fatalf("%+v\n%+v\n%v", once, c, err)
		}
	})
}

// A change names the fields in which two states differ, and holds what they were
// and became: with it the one turns into the other.
func TestChangeLeadsFromOneStateToTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := domain.Customer{Details: domaintest.Details(t)}
		after := domain.Customer{Details: domaintest.Details(t)}
		change := domain.Changed(&before, &after, domain.Change{Actor: "api"}, day)
		again := before.Details
		attributes := map[string]domain.Value{}
		for name, value := range before.Attributes {
			attributes[name] = value
		}
		again.Attributes = attributes
		for _, path := range change.Fields {
			if name, one := strings.CutPrefix(path, "attributes."); !one {
				f := domain.FieldNamed(path)
				if !f.Same(change.Before, &before.Details) {
					t.Fatalf("%s: holds %v before", path, f.Of(change.Before))
				}
				f.Of(&again).Set(f.Of(change.After))
			} else if value, kept := change.After.Attributes[name]; kept {
				attributes[name] = value
			} else {
				delete(attributes, name)
			}
		}
		if !again.SameContent(&after.Details) {
			t.Fatalf("%v lead to\n%+v\nwant\n%+v", change.Fields, again, after.Details)
		}
		if same := before.SameContent(&after.Details); same != (len(change.Fields) == 0) {
			t.Fatalf("same is %t, and %v changed", same, change.Fields)
		}
	})
}

// Changes of one customer have a name each, also where a clock stands still or
// goes back.
func TestChangesAreOrdered(t *testing.T) {
	var c domain.Customer
	var seqs []int64
	for _, at := range []time.Time{day, day, day.Add(-time.Hour), day.Add(time.Second)} {
		next := c
		next.City += "x"
		next.LastChange = domain.Changed(&c, &next, domain.Change{}, at)
		c = next
		seqs = append(seqs, c.LastChange.Seq)
	}
	if !slices.IsSorted(seqs) || len(slices.Compact(seqs)) != 4 {
		t.Errorf("changes %v", seqs)
	}
}

func TestLearningNothingAndLearningAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known, told := domaintest.Details(t), domaintest.Details(t)
		c := known
		c.Learn(&domain.Details{})
		if !c.SameContent(&known) {
			t.Fatalf("nothing made of\n%+v\n%+v", known, c)
		}
		c.Learn(&told)
		for i := range domain.Fields {
			f := &domain.Fields[i]
			switch {
			case f.Name == "identifiers" || f.Name == "attributes":
			case f.Set(&told) && !f.Same(&c, &told), !f.Set(&told) && !f.Same(&c, &known):
				t.Fatalf("%s became %v", f.Name, f.Of(&c))
			}
		}
		for name, value := range told.Attributes {
			if !c.Attributes[name].Same(value) {
				t.Fatalf("attribute %s became %v", name, c.Attributes[name])
			}
		}
	})
}

func TestIdentifiersOfPlatforms(t *testing.T) {
	for _, c := range []struct {
		given         domain.Identifier
		want, atFault string
	}{
		{domain.Identifier{Type: domain.TaobaoNick, Value: " 小鱼儿_2008 "}, "小鱼儿_2008", ""},
		{domain.Identifier{Type: domain.TaobaoNick, Value: "小**8"}, "", "taobao_nick"},
		{domain.Identifier{Type: domain.TaobaoNick, Value: "a", Namespace: "shop"}, "", "namespace"},
		{domain.Identifier{Type: domain.TaobaoOAID, Value: "1abc=="}, "", "namespace"},
		{domain.Identifier{Type: domain.TaobaoOAID, Value: "1abc==", Namespace: "shop-1"}, "1abc==", ""},
		{domain.Identifier{Type: domain.JDPin, Value: "jd_4f***"}, "", "jd_pin"},
		{domain.Identifier{Type: domain.WechatOpenID, Value: "oX1"}, "", "namespace"},
		{domain.Identifier{Type: domain.WechatOpenID, Value: "oX1", Namespace: "wx123"}, "oX1", ""},
		{domain.Identifier{Type: domain.WechatUnionID, Value: "u1"}, "u1", ""},
		{domain.Identifier{Type: domain.Device, Value: "e\u0301"}, "é", ""},
		{domain.Identifier{Type: domain.MemberCard, Value: "VIP\u200b1"}, "", "member_card"},
		{domain.Identifier{Type: "fax", Value: "1"}, "", "type"},
		{domain.Identifier{Type: domain.Phone, Value: "17012345678"}, "+8617012345678", ""}, // of a virtual operator: a person's
		{domain.Identifier{Type: domain.Phone, Value: "13800000000-1234"}, "", "phone"},
	} {
		got, f := c.given.Normalize("")
		switch {
		case c.atFault == "" && (f != nil || got.Value != c.want):
			t.Errorf("%+v became %q, %v", c.given, got.Value, f)
		case c.atFault != "" && (f == nil || f.Violations[0].Field != c.atFault):
			t.Errorf("%+v: %v, want a fault of %s", c.given, f, c.atFault)
		}
	}
}
