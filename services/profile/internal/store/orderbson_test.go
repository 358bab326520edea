package store

import (
	"reflect"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// tagged is an order encoded by its tags.
type tagged order

func anyTime(t *rapid.T, label string) time.Time {
	return time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, label)).UTC()
}

func anyOptional(t *rapid.T, label string) *int64 {
	return rapid.Ptr(rapid.Int64(), true).Draw(t, label)
}

func anyOrderDoc(t *rapid.T) *order {
	d := &order{
		Time: anyTime(t, "time"), Currency: rapid.StringMatching("[A-Z]{3}").Draw(t, "currency"),
		Amount: rapid.Int64().Draw(t, "amount"), Status: domain.Status(rapid.String().Draw(t, "status")),
		Discount: anyOptional(t, "discount"), Cost: anyOptional(t, "cost"), Refunded: rapid.Int64().Draw(t, "refunded"),
		Channel: rapid.String().Draw(t, "channel"), PaymentMethod: rapid.String().Draw(t, "payment"),
		CreatedAt: anyTime(t, "created"),
	}
	d.ID, d.Version, d.UpdatedAt = rapid.String().Draw(t, "id"), rapid.Int64().Draw(t, "version"), anyTime(t, "updated")
	d.WriteID = rapid.String().Draw(t, "write id")
	for range rapid.IntRange(0, 12).Draw(t, "items") {
		d.Items = append(d.Items, item{rapid.String().Draw(t, "sku"), rapid.Int64().Draw(t, "quantity"), anyOptional(t, "amount"), anyOptional(t, "discount"), rapid.String().Draw(t, "category")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "returns") {
		d.Returns = append(d.Returns, orderReturn{ID: rapid.String().Draw(t, "id"), Refund: rapid.Int64().Draw(t, "refund"), Time: anyTime(t, "time"), Sealed: anySealed(t)})
	}
	if rapid.Bool().Draw(t, "imported") {
		d.Origin = &origin{rapid.String().Draw(t, "import"), rapid.Int64().Draw(t, "row"), rapid.Bool().Draw(t, "new")}
	}
	return d
}

func anySealed(t *rapid.T) []byte {
	if !rapid.Bool().Draw(t, "with a reason") {
		return nil
	}
	return rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "reason")
}

func TestOrderIsWrittenAsItIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyOrderDoc(t)
		raw, err := want.MarshalBSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := bson.Raw(raw).Validate(); err != nil {
			t.Fatal(err)
		}
		got := new(order)
		if err := bson.Unmarshal(raw, got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("wrote %+v, read %+v", want, got)
		}
	})
}

// TestOrderHasTheFieldsOfItsTags catches a field that was added to one of the
// two ways of writing only.
func TestOrderHasTheFieldsOfItsTags(t *testing.T) {
	one := int64(1)
	full := &order{
		Status: "s", Discount: &one, Cost: &one, Channel: "c", PaymentMethod: "p", Origin: &origin{Created: true},
		Items: []item{{Amount: &one, Discount: &one, Category: "c"}}, Returns: []orderReturn{{Sealed: []byte("r")}},
	}
	byHand, err := full.MarshalBSON()
	if err != nil {
		t.Fatal(err)
	}
	byTags, err := bson.Marshal((*tagged)(full))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := names(t, byHand), names(t, byTags); !reflect.DeepEqual(a, b) {
		t.Errorf("by hand %q, by tags %q", a, b)
	}
}

// names lists the paths of a document's fields in their order.
func names(t *testing.T, doc bson.Raw) []string {
	elements, err := doc.Elements()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range elements {
		all = append(all, e.Key())
		inner, isDoc := e.Value().DocumentOK()
		if values, isArray := e.Value().ArrayOK(); isArray {
			inner, isDoc = bson.Raw(values), true
		}
		if isDoc {
			for _, name := range names(t, inner) {
				all = append(all, e.Key()+"."+name)
			}
		}
	}
	return all
}
