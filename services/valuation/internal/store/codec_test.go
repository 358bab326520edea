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
	a.AgeDays = a.RecencyDays + rapid.Int64Range(0, 1e6).Draw(t, "days before the last")
	a.GapHalves = rapid.Int64Range(0, 1e6).Draw(t, "gaps")
	for _, code := range []string{"CNY", "EUR", "USD"}[:rapid.IntRange(1, 3).Draw(t, "currencies")] {
		revenue := rapid.Int64Range(0, math.MaxInt64).Draw(t, "revenue")
		a.Purses = append(a.Purses, domain.Purse{
			Currency: code, Orders: rapid.Int64Range(1, math.MaxInt64).Draw(t, "orders"), Revenue: revenue,
			KnownOrders: rapid.Int64Range(0, 9).Draw(t, "known"), KnownRevenue: revenue, KnownCost: rapid.Int64().Draw(t, "cost"),
			RepeatDays: rapid.Int64Range(0, 1e6).Draw(t, "repeat days"), RepeatRevenue: rapid.Int64Range(0, math.MaxInt64).Draw(t, "repeat revenue"),
		})
	}
	return a
}

func TestAccountsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accounts := rapid.SliceOfN(rapid.Custom(drawAccount), 0, 5).Draw(t, "accounts")
		c := Chunk{Count: len(accounts), Layout: Dated}
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
		c := Chunk{Count: rapid.IntRange(0, 3).Draw(t, "count"), Accounts: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), Layout: rapid.IntRange(0, Dated).Draw(t, "layout")}
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
	if rapid.Bool().Draw(t, "predicted") {
		v.Prediction = drawPrediction(t)
	}
	return v
}

func drawPrediction(t *rapid.T) domain.Prediction {
	figure := func(name string) domain.Figure {
		if rapid.Bool().Draw(t, name+" known") {
			return domain.Told(rapid.Float64Range(0, 1e9).Draw(t, name))
		}
		return domain.Untold(domain.Absence(rapid.IntRange(1, 9).Draw(t, name+" absence")))
	}
	amount := func(name string) domain.Amount { return figure(name).Amount() }
	known := rapid.Bool().Draw(t, "churned known")
	return domain.Prediction{
		Made: true, Alive: figure("alive"), Churn: figure("churn"), ChurnKnown: known, Churned: known && rapid.Bool().Draw(t, "churned"),
		Orders: figure("orders"), NextDays: figure("next"), Overdue: figure("overdue"),
		OrderValue: amount("value"), Residual: amount("residual"), IfAlive: amount("if alive"), AtRisk: amount("at risk"),
	}
}

// TestAccountsOfOlderVersions: they are read without what was not yet in them.
func TestAccountsOfOlderVersions(t *testing.T) {
	old := []byte{1, 'a', 4, 0, 200, 1, 6, 1, 'C', 'N', 'Y', 4, 20, 2, 10, 8}
	want := domain.Account{Customer: "a", Days: 2, LastMS: 100, RecencyDays: 3, Purses: []domain.Purse{
		{Currency: "CNY", Orders: 2, Revenue: 10, KnownOrders: 1, KnownRevenue: 5, KnownCost: 4},
	}}
	for got, err := range (Chunk{Count: 1, Accounts: old}).Each() {
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	}
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
	for _, field := range []string{"orders", "first_order_time", "revenue", "historic_value", "recency_score", "group", "age_days", "repeat_days", "prediction", "_id"} {
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
