package store

import (
	"math"
	"reflect"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

func drawAccount(t *rapid.T) domain.Account {
	a := domain.Account{
		Customer:    rapid.StringN(1, 128, -1).Draw(t, "customer"),
		Days:        rapid.Int64Range(1, math.MaxInt64).Draw(t, "days"),
		FirstMS:     rapid.Int64Range(-62135596800_000, 253402300799_999).Draw(t, "first"),
		RecencyDays: rapid.Int64Range(0, 1e6).Draw(t, "recency"),
	}
	a.LastMS = a.FirstMS + rapid.Int64Range(0, 1e12).Draw(t, "span")
	for _, code := range []string{"CNY", "EUR", "USD"}[:rapid.IntRange(1, 3).Draw(t, "currencies")] {
		revenue := rapid.Int64Range(0, math.MaxInt64).Draw(t, "revenue")
		a.Purses = append(a.Purses, domain.Purse{
			Currency: code, Orders: rapid.Int64Range(1, math.MaxInt64).Draw(t, "orders"), Revenue: revenue,
			KnownOrders: rapid.Int64Range(0, 9).Draw(t, "known"), KnownRevenue: revenue, KnownCost: rapid.Int64().Draw(t, "cost"),
		})
	}
	return a
}

func TestAccountsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accounts := rapid.SliceOfN(rapid.Custom(drawAccount), 0, 5).Draw(t, "accounts")
		c := Chunk{Count: len(accounts)}
		for i := range accounts {
			c.Accounts = AppendAccount(c.Accounts, &accounts[i])
		}
		n := 0
		for got, err := range c.Each() {
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, accounts[n]) {
				t.Fatalf("got %+v, want %+v", *got, accounts[n])
			}
			n++
		}
		if n != len(accounts) {
			t.Fatalf("%d accounts, want %d", n, len(accounts))
		}
		// Whatever is cut off is noticed.
		if len(c.Accounts) > 0 {
			c.Accounts = c.Accounts[:rapid.IntRange(0, len(c.Accounts)-1).Draw(t, "cut")]
			var failed error
			for _, err := range c.Each() {
				failed = err
			}
			if failed == nil {
				t.Fatal("a chunk that was cut off was read")
			}
		}
	})
}

func TestAnyBytesAreNoAccountOrOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Chunk{Count: rapid.IntRange(0, 3).Draw(t, "count"), Accounts: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")}
		n := 0
		for a, err := range c.Each() {
			if n++; n > c.Count+1 || a == nil && err == nil {
				t.Fatalf("%d accounts or errors of %d", n, c.Count)
			}
		}
	})
}

func drawValuation(t *rapid.T) domain.Valuation {
	a := drawAccount(t)
	var v domain.Valuation
	a.Value(rapid.SampledFrom([]string{"USD", "CNY", "JPY"}).Draw(t, "currency"), domain.Scores{
		R: rapid.Uint8Range(1, 5).Draw(t, "r"), F: rapid.Uint8Range(1, 5).Draw(t, "f"), M: rapid.Uint8Range(1, 5).Draw(t, "m"),
		Group: stat.Group(rapid.Uint8Range(1, 8).Draw(t, "group")),
	}, &v)
	return v
}

func TestValuationDocumentsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawValuation(t)
		doc := valuation{
			docstore.Meta{
				ID: docstore.ID(generationKey(7), v.Customer), Version: 3, WriteID: "w",
				UpdatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			}, v,
		}
		raw, err := bson.Marshal(&doc)
		if err != nil {
			t.Fatal(err)
		}
		var got valuation
		if err := bson.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, doc) {
			t.Fatalf("got %+v, want %+v", got, doc)
		}
		// It is a document like any other, with the store's fields in front.
		var plain bson.D
		if err := bson.Unmarshal(raw, &plain); err != nil {
			t.Fatal(err)
		}
		for i, key := range []string{"_id", "version", "updated_at", "write_id"} {
			if plain[i].Key != key {
				t.Fatalf("field %d is %s, want %s", i, plain[i].Key, key)
			}
		}
		cut := append(bson.Raw(nil), raw[:rapid.IntRange(0, len(raw)-1).Draw(t, "cut")]...)
		if err := readValuation(cut, &domain.Valuation{}); err == nil {
			t.Fatalf("%d of %d bytes were read as a whole", len(cut), len(raw))
		}
	})
}

func TestOtherTypesAreErrors(t *testing.T) {
	for _, field := range []string{"orders", "first_order_time", "revenue", "historic_value", "recency_score", "group", "_id"} {
		raw, err := bson.Marshal(bson.M{field: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := readValuation(raw, &domain.Valuation{}); err == nil {
			t.Errorf("%s = true was read", field)
		}
	}
	raw, err := bson.Marshal(bson.M{"_id": "x", "a field of a later release": 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := readValuation(raw, &domain.Valuation{}); err != nil {
		t.Errorf("a field that is not known: %v", err)
	}
}
