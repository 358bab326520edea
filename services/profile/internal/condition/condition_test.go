package condition_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/condition"
)

func TestHolds(t *testing.T) {
	text, number := condition.Of, condition.OfNumber
	list := condition.OfList([]string{"tea", "go"})
	for _, c := range []struct {
		value  condition.Value
		op     condition.Operator
		values []condition.Value
		want   bool
	}{
		{text("a"), condition.Is, []condition.Value{text("a")}, true},
		{text("1"), condition.Is, []condition.Value{number(1)}, false}, // kinds differ
		{condition.OfTruth(true), condition.Is, []condition.Value{condition.OfTruth(true)}, true},
		{text("a"), condition.IsNot, []condition.Value{text("a")}, false},
		{condition.Value{}, condition.IsNot, []condition.Value{text("a")}, true},
		{condition.Value{}, condition.NotIn, []condition.Value{text("a"), text("b")}, true},
		{condition.Value{}, condition.Is, []condition.Value{text("")}, false},
		{condition.Value{}, condition.Below, []condition.Value{number(1)}, false},
		{condition.Value{}, condition.IsMissing, nil, true},
		{condition.Value{}, condition.IsKnown, nil, false},
		{number(0), condition.IsKnown, nil, true},
		{text("b"), condition.In, []condition.Value{text("a"), text("b")}, true},
		{list, condition.Is, []condition.Value{text("go")}, true},
		{list, condition.NotIn, []condition.Value{text("go")}, false},
		{list, condition.Contains, []condition.Value{text("te")}, false}, // a whole element
		{text("green tea"), condition.Contains, []condition.Value{text("te")}, true},
		{text("green tea"), condition.BeginsWith, []condition.Value{text("green")}, true},
		{number(2), condition.Below, []condition.Value{number(2)}, false},
		{number(2), condition.AtMost, []condition.Value{number(2)}, true},
		{number(2), condition.Above, []condition.Value{number(1.5)}, true},
		{number(2), condition.AtLeast, []condition.Value{number(2.5)}, false},
		{text("2026-03-01"), condition.Below, []condition.Value{text("2026-10-01")}, true},
		{text("3"), condition.Above, []condition.Value{number(2)}, false},
	} {
		one := condition.Condition{Operator: c.op, Values: c.values}
		if got := one.Holds(c.value); got != c.want {
			t.Errorf("%+v %d %+v: %t", c.value, c.op, c.values, got)
		}
	}
}

func TestReadNamesEveryFault(t *testing.T) {
	empty, err := structpb.NewList(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = condition.Read("where", []*profilev1.Condition{
		{Field: "a", Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_IS_KNOWN, Values: []*structpb.Value{structpb.NewNumberValue(1)}},
		{Field: "b", Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_BELOW},
		{Field: "c", Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_IN, Values: []*structpb.Value{structpb.NewNullValue(), structpb.NewListValue(empty)}},
	})
	f, ok := fault.As(err)
	if !ok {
		t.Fatal(err)
	}
	want := []string{"where[0].values", "where[1].values", "where[2].values[0]", "where[2].values[1]"}
	for i, v := range f.Violations {
		if i >= len(want) || v.Field != want[i] {
			t.Errorf("%v, want %v", f.Violations, want)
			break
		}
	}
	if len(f.Violations) != len(want) {
		t.Errorf("%v, want %v", f.Violations, want)
	}
}
