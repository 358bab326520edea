package stat_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

// TestPurchaseValues compares with maps of days.
func TestPurchaseValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		customers := rapid.IntRange(0, 6).Draw(t, "customers")
		p := stat.Purchases{Customers: customers}
		for range rapid.IntRange(0, min(40, 40*customers)).Draw(t, "orders") {
			p.Customer = append(p.Customer, uint32(rapid.IntRange(0, customers-1).Draw(t, "customer")))
			p.Day = append(p.Day, int32(rapid.IntRange(-5, 12).Draw(t, "day")))
			p.Amount = append(p.Amount, int64(rapid.IntRange(0, 900).Draw(t, "amount")))
		}
		const asOf = 10
		got, err := p.Values(asOf, 2)
		if err != nil {
			t.Fatal(err)
		}
		for c := range customers {
			days, last, amount := map[int32]bool{}, int32(math.MinInt32), int64(0)
			for i, of := range p.Customer {
				if int(of) == c && p.Day[i] <= asOf {
					days[p.Day[i]] = true
					last, amount = max(last, p.Day[i]), amount+p.Amount[i]
				}
			}
			recency := int64(0)
			if len(days) > 0 {
				recency = int64(asOf - last)
			}
			if got.Frequency[c] != int64(len(days)) || got.Recency[c] != recency || got.Monetary[c] != amount {
				t.Fatalf("customer %d: %d days ago, %d days, %d", c, got.Recency[c], got.Frequency[c], got.Monetary[c])
			}
		}
	})
}

// TestPurchaseValuesInParallel: enough rows for several workers give what one gives.
func TestPurchaseValuesInParallel(t *testing.T) {
	p := purchases(400_000, 90_000)
	one, err := p.Values(700, 1)
	if err != nil {
		t.Fatal(err)
	}
	many, err := p.Values(700, 4)
	if err != nil || !slices.Equal(one.Recency, many.Recency) || !slices.Equal(one.Frequency, many.Frequency) || !slices.Equal(one.Monetary, many.Monetary) {
		t.Errorf("%v", err)
	}
}

func TestPurchaseValuesRefuses(t *testing.T) {
	for name, p := range map[string]stat.Purchases{
		"lengths":  {Customers: 1, Customer: []uint32{0}, Day: []int32{1}},
		"number":   {Customers: 1, Customer: []uint32{1}, Day: []int32{1}, Amount: []int64{1}},
		"overflow": {Customers: 1, Customer: []uint32{0, 0}, Day: []int32{1, 1}, Amount: []int64{math.MaxInt64, 1}},
	} {
		if _, err := p.Values(5, 1); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func purchases(orders, customers int) stat.Purchases {
	rng := rand.New(rand.NewPCG(1, 2))
	p := stat.Purchases{Customers: customers, Customer: make([]uint32, orders), Day: make([]int32, orders), Amount: make([]int64, orders)}
	for i := range orders {
		p.Customer[i], p.Day[i], p.Amount[i] = rng.Uint32N(uint32(customers)), rng.Int32N(730), rng.Int64N(50_000)
	}
	return p
}

// TestManyValues: what is sorted by digits is sorted as by comparing.
func TestManyValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for name, draw := range map[string]func() int64{
		"days": func() int64 { return rng.Int64N(730) }, "equal": func() int64 { return 7 },
		"signed": func() int64 { return rng.Int64N(1<<40) - 1<<39 }, "all bits": func() int64 { return int64(rng.Uint64()) },
		"ends": func() int64 { return []int64{math.MinInt64, math.MaxInt64}[rng.IntN(2)] },
	} {
		values := make([]int64, 5000)
		for i := range values {
			values[i] = draw()
		}
		sorted := slices.Clone(values)
		slices.Sort(sorted)
		scores := score(t, values, 100, stat.OrdinalTies, stat.HigherIsBetter)
		// Ordinal scores are given equally often, to the values in order.
		bySize := make([][]int64, 101)
		for i, s := range scores {
			bySize[s] = append(bySize[s], values[i])
		}
		var joined []int64
		for _, part := range bySize {
			slices.Sort(part)
			joined = append(joined, part...)
			if len(part) != 50 && len(part) != 0 {
				t.Fatalf("%s: %d values with one score", name, len(part))
			}
		}
		if !slices.Equal(joined, sorted) {
			t.Errorf("%s: not in order", name)
		}
	}
}
