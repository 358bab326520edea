package pebblestore

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"
)

// The walk meets what the driver's own reader meets, over every type of value,
// and no damage makes it panic or run on.
func TestElements(t *testing.T) {
	values := rapid.SampledFrom([]any{
		1.5, "", "text", bson.D{{Key: "a", Value: 1}}, bson.A{1, "b"}, bson.Binary{Subtype: 2, Data: []byte{1, 2}},
		bson.Undefined{}, bson.NewObjectID(), true, time.UnixMilli(7), nil, bson.Regex{Pattern: "a+", Options: "i"},
		bson.DBPointer{DB: "d", Pointer: bson.NewObjectID()}, bson.JavaScript("f"), bson.Symbol("s"),
		bson.CodeWithScope{Code: "f", Scope: bson.D{{Key: "x", Value: 1}}}, int32(-3), bson.Timestamp{T: 1, I: 2},
		int64(-9), bson.NewDecimal128(1, 2), bson.MinKey{}, bson.MaxKey{}, []byte("bytes"),
	})
	rapid.Check(t, func(t *rapid.T) {
		doc := bson.D{}
		for _, value := range rapid.SliceOfN(values, 0, 12).Draw(t, "values") {
			doc = append(doc, bson.E{Key: rapid.StringMatching(`[a-z_]{0,5}`).Draw(t, "name"), Value: value})
		}
		raw, err := bson.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		want, err := bson.Raw(raw).Elements()
		if err != nil {
			t.Fatal(err)
		}
		walk := elementsOf(raw)
		for _, element := range want {
			value := element.Value()
			if !walk.next() || string(walk.name) != element.Key() || walk.kind != value.Type || string(walk.value) != string(value.Value) {
				t.Fatalf("met %s %q %x, want %v", walk.kind, walk.name, walk.value, element)
			}
			if got, ok := walk.int64(); ok && got != value.AsInt64() {
				t.Fatalf("read %d of %v", got, element)
			}
			if got, ok := walk.text(); ok && got != value.StringValue() {
				t.Fatalf("read %q of %v", got, element)
			}
		}
		if walk.next() {
			t.Fatalf("met %q after the end", walk.name)
		}
		for range 20 {
			damaged := append([]byte(nil), raw[:rapid.IntRange(0, len(raw)).Draw(t, "cut")]...)
			if len(damaged) > 0 {
				damaged[rapid.IntRange(0, len(damaged)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			}
			steps := 0
			for walk := elementsOf(damaged); walk.next(); steps++ {
				walk.text()
				walk.int64()
			}
			if steps > len(raw) {
				t.Fatalf("%d elements in %d bytes", steps, len(raw))
			}
		}
	})
}
