package condition

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/types/known/structpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Read reads conditions that stand in a field of the request, and reports all that
// is wrong with them.
func Read(at string, given []*profilev1.Condition) ([]Condition, error) {
	conditions := make([]Condition, len(given))
	var faults []*fault.Fault
	for i, g := range given {
		c := &conditions[i]
		c.Field, c.Operator = g.GetField(), Operator(g.GetOperator())
		faults = append(faults, c.checkCount(Path(at, i)+".values", len(g.GetValues())))
		for k, v := range g.GetValues() {
			value, f := read(Path(Path(at, i)+".values", k), v)
			c.Values = append(c.Values, value)
			faults = append(faults, f)
		}
	}
	return conditions, fault.Merge(faults...)
}

// Path is the path of one element of a repeated field.
func Path(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

func (c *Condition) checkCount(at string, values int) *fault.Fault {
	switch c.Operator {
	case IsKnown, IsMissing:
		if values > 0 {
			return fault.Invalid(at, "must be empty for IS_KNOWN and IS_MISSING")
		}
	case In, NotIn:
		if values == 0 {
			return fault.Invalid(at, "must hold at least one value")
		}
	default:
		if values != 1 {
			return fault.Invalid(at, "must hold one value, holds %d; IN and NOT_IN take several", values)
		}
	}
	return nil
}

func read(at string, v *structpb.Value) (Value, *fault.Fault) {
	switch k := v.GetKind().(type) {
	case *structpb.Value_StringValue:
		return Value{Kind: Text, Text: k.StringValue}, nil
	case *structpb.Value_BoolValue:
		return OfTruth(k.BoolValue), nil
	case *structpb.Value_NumberValue:
		if !math.IsNaN(k.NumberValue) && !math.IsInf(k.NumberValue, 0) {
			return OfNumber(k.NumberValue), nil
		}
	}
	return Value{}, fault.Invalid(at, "must be a text, a finite number or a truth")
}
