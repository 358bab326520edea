package facts_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
)

// What is recorded is recalled: every field reads the same, attributes included.
func TestRecallGivesWhatWasRecorded(t *testing.T) {
	attributes := factstest.Attributes()
	fields := slices.Clone(facts.Fields)
	for _, a := range attributes {
		fields = append(fields, a.Field())
	}
	rapid.Check(t, func(rt *rapid.T) {
		f := factstest.Facts().Draw(rt, "facts")
		var names []string
		var read []facts.Field
		for _, field := range fields {
			if rapid.Bool().Draw(rt, "read") {
				names, read = append(names, field.Reads()...), append(read, field)
			}
		}
		recalled, err := facts.Recall(names, facts.Record(names, f))
		if err != nil {
			rt.Fatal(err)
		}
		for i := range read {
			if got, want := read[i].Format(recalled), read[i].Format(f); got != want {
				rt.Errorf("%s was %q, is recalled as %q", read[i].Name, want, got)
			}
			if read[i].Known(recalled) != read[i].Known(f) {
				rt.Errorf("%s: known %t, recalled %t", read[i].Name, read[i].Known(f), read[i].Known(recalled))
			}
		}
		if slices.Contains(names, "orders.recent") && len(f.Orders.Recent) > 0 && !reflect.DeepEqual(recalled.Orders.Recent, f.Orders.Recent) {
			rt.Errorf("orders are recalled as %v, were %v", recalled.Orders.Recent, f.Orders.Recent)
		}
		if slices.Contains(names, "revenue") && len(f.Revenue) > 0 && !reflect.DeepEqual(recalled.Revenue, f.Revenue) {
			rt.Errorf("revenue is recalled as %v, was %v", recalled.Revenue, f.Revenue)
		}
	})
}

// A record that is cut, or is of other names, is an error and never a panic.
func TestDamagedRecordsAreErrors(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := factstest.Facts().Draw(rt, "facts")
		names := []string{"orders.recent", "customer.interests", "revenue", "prediction.residual_value", "orders.last_time", "customer.birth_date"}
		recorded := facts.Record(names, f)
		if _, err := facts.Recall(names, recorded[:len(recorded)-1]); err == nil {
			rt.Error("a record that is cut was recalled")
		}
		if _, err := facts.Recall(names[:5], recorded); err == nil {
			rt.Error("a record with more than was asked for was recalled")
		}
		damaged := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(rt, "damaged")
		_, _ = facts.Recall(names, damaged)
	})
}
