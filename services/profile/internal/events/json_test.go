package events

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestContentIsJSON holds appendContent against json.Marshal.
func TestContentIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Content{Properties: fields().Draw(t, "properties"), Context: fields().Draw(t, "context")}
		if rapid.Bool().Draw(t, "detailed") {
			c.Details = Details{OrderID: rapid.String().Draw(t, "order"), Total: &Amount{Minor: 1, Currency: "CNY"}}
		}
		want, err := json.Marshal(c)
		got, gotErr := appendContent(nil, c)
		if (err == nil) != (gotErr == nil) {
			t.Fatalf("%v, want %v", gotErr, err)
		}
		if err != nil {
			return
		}
		var a, b any
		if err := json.Unmarshal(got, &a); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if err := json.Unmarshal(want, &b); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("%s\nwant %s", got, want)
		}
	})
}

func fields() *rapid.Generator[map[string]any] {
	return rapid.MapOfN(rapid.String(), value(3), 0, 5)
}

// value draws one of JSON, and numbers that are none.
func value(depth int) *rapid.Generator[any] {
	simple := rapid.OneOf(
		rapid.Map(rapid.String(), asAny[string]), rapid.Map(rapid.Bool(), asAny[bool]), rapid.Just[any](nil),
		rapid.Map(rapid.Float64(), asAny[float64]), rapid.Map(rapid.Int64(), asAny[int64]),
		rapid.SampledFrom([]any{0.0, math.Copysign(0, -1), 1e21, 1e-7, 19.95, math.NaN(), math.Inf(1), json.Number("1.50"), "\"\\\u2028<&>\x00\xff"}),
	)
	if depth == 0 {
		return simple
	}
	return rapid.OneOf(simple,
		rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), asAny[[]any]),
		rapid.Map(rapid.MapOfN(rapid.String(), value(depth-1), 0, 3), asAny[map[string]any]))
}

func asAny[T any](v T) any { return v }
