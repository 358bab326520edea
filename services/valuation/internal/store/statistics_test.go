package store

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

var statisticsDay = domain.Policy{AsOfDate: "2025-05-31", Zone: "Asia/Shanghai"}

// drawHistories is customers with orders in three currencies over eight years.
func drawHistories(t *rapid.T) []*domain.History {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *domain.History {
		h := &domain.History{Customer: "c", Codes: []string{"USD", "CNY", "EUR"}}
		for range rapid.IntRange(0, 6).Draw(t, "orders") {
			h.TimeMS = append(h.TimeMS, rapid.Int64Range(1_500_000_000_000, 1_750_000_000_000).Draw(t, "at"))
			h.Net = append(h.Net, rapid.Int64Range(0, 1_000_000).Draw(t, "net"))
			h.Cost = append(h.Cost, domain.Unknown)
			h.Currency = append(h.Currency, rapid.Uint32Range(0, 2).Draw(t, "currency"))
		}
		return h
	}), 0, 20).Draw(t, "histories")
}

// describe is what a summary says of statistics.
func describe(t *rapid.T, s *domain.Statistics) *summaryDoc {
	asOf, err := statisticsDay.AsOf()
	if err != nil {
		t.Fatal(err)
	}
	summary := domain.Summary{Policy: domain.Policy{Currency: "CNY"}}
	if err := summary.Describe(asOf, s, nil); err != nil {
		t.Fatal(err)
	}
	return newSummaryDoc(&summary)
}

// retentionBytes is what is kept of statistics for retention, in one currency.
func retentionBytes(s *domain.Statistics) []byte {
	b := appendGaps(nil, &s.Gaps)
	for p := range domain.Periods {
		b = appendCells(appendGrid(b, &s.Grids[p]), s.In("CNY").Revenue[p])
	}
	return b
}

// TestStatisticsOfChunksAddUp: however the customers are parted into chunks, what
// is read of them describes them as one that was never stored does.
func TestStatisticsOfChunksAddUp(t *testing.T) {
	asOf, err := statisticsDay.AsOf()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		whole, parts := domain.NewBookkeeper(asOf), domain.NewBookkeeper(asOf)
		read := domain.NewStatistics()
		spool := func() {
			c := Chunk{Statistics: AppendStatistics(nil, parts.Counted)}
			parts.Counted.Reset()
			if err := c.AddStatistics(read, "CNY"); err != nil {
				t.Fatal(err)
			}
		}
		var account domain.Account
		for _, h := range drawHistories(t) {
			for _, b := range []*domain.Bookkeeper{whole, parts} {
				if _, err := b.Account(h, &account); err != nil {
					t.Fatal(err)
				}
			}
			if rapid.Bool().Draw(t, "chunk ends") {
				spool()
			}
		}
		spool()
		if got, want := describe(t, read), describe(t, whole.Counted); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		if got, want := retentionBytes(read), retentionBytes(whole.Counted); !bytes.Equal(got, want) {
			t.Fatalf("grids and gaps are %x, want %x", got, want)
		}
		// The same numbers are the same bytes, and what is cut off is noticed.
		b := AppendStatistics(nil, whole.Counted)
		if !bytes.Equal(b, AppendStatistics(nil, whole.Counted)) {
			t.Fatal("statistics were written in two ways")
		}
		c := Chunk{Statistics: b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]}
		if err := c.AddStatistics(domain.NewStatistics(), "CNY"); err == nil {
			t.Fatalf("%d of %d bytes were read as a whole", len(c.Statistics), len(b))
		}
	})
}

func TestAnyBytesAreNoStatisticsOrSome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Chunk{Statistics: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")}
		s := domain.NewStatistics()
		_ = c.AddStatistics(s, "CNY") // it must come back
		if most := len(domain.Periods)*(4*domain.Cells+domain.CohortsFollowed) + 5*s.Gaps.All.MaxCells(); s.Size() > most {
			t.Fatalf("%d bytes became %d numbers", len(c.Statistics), s.Size())
		}
	})
}

func TestSummaryDocumentsComeBack(t *testing.T) {
	summary := domain.Summary{
		Generation: 3, Customers: 2, AsOf: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), PublishedAt: time.Date(2025, 6, 2, 0, 0, 0, 0, time.UTC),
		Cohorts: &domain.CohortTable{
			Cohorts: []domain.Cohort{
				{Month: "2025-04", Customers: 2, Active: []int64{2, 0}, Revenue: []int64{1 << 60, 0}}, {Month: "2025-05"},
			},
			OmittedCohorts: 4, OmittedCustomers: 5,
		},
		OrderValues: &domain.Distribution{
			Count: 3, Min: 1, Max: 9, Mean: 2.5, Quantiles: []stat.Quantile{{Percent: 50, Value: 2, RelativeError: 0.004}},
			Bins: []stat.Bin{{Lower: 1, Upper: 2, Count: 1}, {Lower: 2, Count: 2}},
		},
		Intervals: &domain.Distribution{},
		TopShares: []stat.TopShare{{Percent: 1, Count: 1, Share: 0.25}},
	}
	raw, err := bson.Marshal(newSummaryDoc(&summary))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readSummary(raw)
	if err != nil || !reflect.DeepEqual(got, summary) {
		t.Fatalf("got %+v (%v), want %+v", got, err, summary)
	}
}

// TestSummaryOfAnOlderVersion: it has no cohorts and no distributions.
func TestSummaryOfAnOlderVersion(t *testing.T) {
	raw, err := bson.Marshal(newSummaryDoc(&domain.Summary{Generation: 3, Customers: 2}))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"cohorts", "order_values", "intervals", "top_shares"} {
		if _, err := bson.Raw(raw).LookupErr(field); err == nil {
			t.Errorf("%s is there", field)
		}
	}
	got, err := readSummary(raw)
	if err != nil || got.Customers != 2 || got.Cohorts != nil || got.OrderValues != nil || got.Intervals != nil || got.TopShares != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	raw, err = bson.Marshal(bson.M{"cohorts": bson.M{"cohorts": bson.A{bson.M{"month": "2025-05", "months": []byte{0x80}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readSummary(raw); err == nil {
		t.Error("months that were cut off were read")
	}
}

// TestRetentionComesBack: what was counted is read as it was written, once, and
// nothing is left of it with its generation.
func TestRetentionComesBack(t *testing.T) {
	t.Run("pebble", func(t *testing.T) { testRetention(t, open(t, time.Now)) })
	t.Run("mongo", func(t *testing.T) { testRetention(t, openOn(t, mongotest.Open(t), time.Now)) })
}

func testRetention(t *testing.T, s *Store) {
	asOf, err := statisticsDay.AsOf()
	if err != nil {
		t.Fatal(err)
	}
	ctx, generation := t.Context(), int64(0)
	rapid.Check(t, func(t *rapid.T) {
		generation++
		keeper, tally := domain.NewBookkeeper(asOf), &domain.Tally{}
		var account domain.Account
		for _, h := range drawHistories(t) {
			counts, err := keeper.Account(h, &account)
			if err != nil {
				t.Fatal(err)
			}
			if counts {
				if err := tally.Add(&account); err != nil {
					t.Fatal(err)
				}
			}
		}
		policy := statisticsDay
		policy.Currency = "CNY"
		made := keeper.Counted.Retention(asOf, policy, tally)
		for _, changed := range []int64{0, 1} { // written again it stays as it was
			again := *made
			again.Customers += changed
			if err := s.Retentions.Write(ctx, generation, &again); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Retentions.Get(ctx, generation)
		if err != nil {
			t.Fatal(err)
		}
		same := domain.NewStatistics()
		same.Gaps, same.Grids = got.Gaps, got.Grids
		same.In("CNY").Revenue = got.Revenue
		if !bytes.Equal(retentionBytes(same), retentionBytes(keeper.Counted)) || got.Customers != made.Customers || got.Repeaters != made.Repeaters ||
			!reflect.DeepEqual(got.Policy, policy) || got.AsOf.Day != asOf.Day || got.AsOf.EndMS != asOf.EndMS || !reflect.DeepEqual(got.Warnings, made.Warnings) {
			t.Fatalf("got %+v, want %+v", got, made)
		}
		if err := s.Purge(ctx, generation); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Retentions.Get(ctx, generation); !errors.Is(err, docstore.ErrNotFound) {
			t.Fatalf("after purging: %v", err)
		}
	})
}
