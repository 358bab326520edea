package facts_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// shopper is a customer as a shop knows them, with some orders.
func shopper(i, orders int) *facts.Facts {
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	f := &facts.Facts{
		Customer: facts.Customer{
			ID: fmt.Sprintf("customer-%07d", i), Kind: "INDIVIDUAL", Gender: "FEMALE", Country: "CN", Region: "广东",
			City: fmt.Sprintf("city-%d", i%300), Acquisition: "ORGANIC", BirthDate: facts.Date{Year: 1960 + i%50, Month: 3, Day: 8},
			Interests: []string{"running", "tea"}, Stage: "ACTIVE", StageTime: begin, CreateTime: begin,
			Attributes: map[string]any{"tier": "gold", "points": int64(i)},
		},
		Revenue: []facts.Money{{Currency: "CNY", Minor: int64(orders) * 9900}},
		AsOf:    begin.AddDate(2, 0, 0), Edition: 7, Valued: true,
		RFM: facts.Scores{Recency: 1 + i%5, Frequency: 3, Monetary: 5, Cell: "535", Group: "IMPORTANT_VALUE", Segment: "Champions"},
	}
	alive, expected, churned := 0.25+float64(i%50)/100, 3.5, false
	f.Prediction = facts.Prediction{Alive: &alive, ExpectedOrders: &expected, Churned: &churned, Residual: &facts.Money{Currency: "CNY", Minor: 120000}}
	f.Orders = facts.Orders{Count: int64(orders), Days: int64(orders), FirstTime: begin, LastTime: begin.AddDate(0, 0, orders)}
	for n := range orders {
		f.Orders.Recent = append(f.Orders.Recent, facts.Order{Time: begin.AddDate(0, 0, n), Net: facts.Money{Currency: "CNY", Minor: 9900}})
	}
	return f
}

// BenchmarkStore stores customers with 6 orders each, changes all of them, reads
// them and takes samples. Per operation it is all the customers.
func BenchmarkStore(b *testing.B) {
	const customers = 100_000
	ctx := context.Background()
	s := open(b, onPebble(b), time.Now)
	load := func(b *testing.B, edition int64) {
		for from := 0; from < customers; from += 1000 {
			changes := make([]facts.Change, 1000)
			for i := range changes {
				f := shopper(from+i, 6)
				f.Edition = edition
				changes[i] = facts.Change{Customer: f.Customer.ID, Facts: f, Parts: facts.AllParts}
			}
			if _, err := s.Put(ctx, changes); err != nil {
				b.Fatal(err)
			}
		}
	}
	edition := int64(0)
	rate := func(b *testing.B, of int) {
		b.ReportMetric(float64(of)*float64(b.N)/b.Elapsed().Seconds(), "customers/s")
	}
	b.Run("put", func(b *testing.B) {
		for b.Loop() {
			edition++
			load(b, edition)
		}
		rate(b, customers)
	})
	b.Run("unchanged", func(b *testing.B) {
		load(b, 1)
		for b.Loop() {
			load(b, 1)
		}
		rate(b, customers)
	})
	b.Run("scan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range s.Scan(ctx, "", "", facts.AllParts) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		rate(b, customers)
	})
	b.Run("sample", func(b *testing.B) {
		for b.Loop() {
			if sample, _, _, err := s.Sample(ctx, 5000, facts.AllParts); err != nil || len(sample) != 5000 {
				b.Fatal(len(sample), err)
			}
		}
	})
}
