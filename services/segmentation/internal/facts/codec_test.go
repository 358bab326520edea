package facts_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// fill gives every field of a value something that is not zero, so that one which
// is not stored shows.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMilli(r.Int64N(4e12) - 2e12 | 1).UTC()))
		return
	case facts.Date:
		v.Set(reflect.ValueOf(facts.Date{Year: 1900 + r.IntN(100), Month: r.IntN(13), Day: r.IntN(32)}))
		return
	case map[string]any:
		v.Set(reflect.ValueOf(map[string]any{
			"text": "中" + fmt.Sprint(r.IntN(9)), "count": r.Int64(), "share": r.Float64(), "flag": r.IntN(2) == 0,
			"when": time.UnixMilli(r.Int64N(4e12)).UTC(), "list": []string{"b", "", "a"}, "day": facts.Date{Year: 2026, Month: 2, Day: 29}, "empty": "", "none": int64(0),
		}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d", r.IntN(1000)))
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64N(1e6) + 1)
	case reflect.Float64:
		v.SetFloat(r.Float64() + 0.1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if r.IntN(3) > 0 {
			fill(r, v.Elem())
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(12), 20))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	default:
		panic("a kind of field that the test does not know: " + v.Kind().String())
	}
}

func filled(r *rand.Rand, id string) *facts.Facts {
	f := new(facts.Facts)
	fill(r, reflect.ValueOf(f).Elem())
	f.Customer.ID = id
	f.Lists = nil // nobody tells those
	return f
}

// TestFactsComeBack stores facts of which every field is known, among others of
// which nothing is, and reads them both ways.
func TestFactsComeBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e, newClock().Now)
		r := rand.New(rand.NewPCG(1, 2))
		want := map[string]*facts.Facts{}
		var ids []string
		var changes []facts.Change
		for i := range 60 {
			id := fmt.Sprintf("c%02d %%!", i)
			f := filled(r, id)
			if i%3 == 1 {
				f = &facts.Facts{Customer: facts.Customer{ID: id}}
			}
			ids, want[id] = append(ids, id), f
			changes = append(changes, facts.Change{Customer: id, Facts: f, Parts: facts.AllParts})
		}
		if changed := put(t, s, changes...); !reflect.DeepEqual(changed, ids) {
			t.Fatalf("changed: %q", changed)
		}
		many, err := s.GetMany(t.Context(), append(ids, "nobody"), facts.AllParts)
		must(t, err)
		if many[len(ids)] != nil {
			t.Errorf("facts of nobody: %+v", many[len(ids)])
		}
		at := 0
		for f, err := range s.Scan(t.Context(), "", "", facts.AllParts) {
			must(t, err)
			same(t, "scanned "+ids[at], f, want[ids[at]])
			same(t, "got "+ids[at], many[at], want[ids[at]])
			at++
		}
		if at != len(ids) {
			t.Errorf("%d of %d scanned", at, len(ids))
		}
		if changed := put(t, s, changes...); len(changed) > 0 {
			t.Errorf("the same again changes %q", changed)
		}
	})
}

// same compares facts, an empty list being none.
func same(t *testing.T, what string, got, want *facts.Facts) {
	t.Helper()
	if g, w := shown(got), shown(want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func shown(f *facts.Facts) string {
	if f == nil {
		return "nobody"
	}
	p := f.Prediction
	bare := *f
	bare.Prediction = facts.Prediction{}
	text := fmt.Sprintf("%+v", bare)
	for _, x := range []*float64{p.Alive, p.ChurnRisk, p.ExpectedOrders, p.NextOrderDays, p.Overdue} {
		if x == nil {
			text += " -"
			continue
		}
		text += fmt.Sprintf(" %v", *x)
	}
	if p.Churned != nil {
		text += fmt.Sprintf(" %v", *p.Churned)
	}
	if p.Residual != nil {
		text += fmt.Sprintf(" %v", *p.Residual)
	}
	return text
}
