package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

type ticking struct{ now time.Time }

func (c *ticking) clock() time.Time { return c.now }

func open(t testing.TB, clock func() time.Time) *Store {
	t.Helper()
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return openOn(t, e, clock)
}

func openOn(t testing.TB, e docstore.Engine, clock func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), e, clock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const keep = 24 * time.Hour

// TestPublicationLaws plays refreshes that begin, publish, publish again and end
// in any order, and compares what is read with a model.
func TestPublicationLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clock := &ticking{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
		p := open(t, clock.clock).Publication
		ctx := t.Context()
		generations := map[string]int64{} // of open operations
		published := map[int64]time.Time{}
		superseded := map[int64]time.Time{}
		var current, last int64
		operation := func(rt *rapid.T) string {
			return fmt.Sprintf("operations/valuation/%d", rapid.IntRange(0, 4).Draw(rt, "operation"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"begin": func(rt *rapid.T) {
				op := operation(rt)
				got, err := p.Begin(ctx, op)
				if err != nil {
					rt.Fatal(err)
				}
				if generations[op] == 0 {
					last++
					generations[op] = last
				}
				if got != generations[op] {
					rt.Fatalf("%s has generation %d, want %d", op, got, generations[op])
				}
			},
			"publish": func(rt *rapid.T) {
				op := operation(rt)
				g := generations[op]
				s, err := p.Publish(ctx, op, domain.Summary{Generation: max(g, 1), Customers: 10 * g, AsOf: clock.now})
				if g == 0 {
					if f, ok := fault.As(err); (!ok || f.Kind != fault.Aborted) && !errors.Is(err, docstore.ErrNotFound) {
						rt.Fatalf("%s published without a generation: %v", op, err)
					}
					return
				}
				if err != nil {
					rt.Fatal(err)
				}
				if published[g].IsZero() {
					published[g] = clock.now
					if g > current {
						superseded[current], current = clock.now, g
					} else {
						superseded[g] = clock.now
					}
				}
				late := superseded[g].Equal(published[g])
				if warned := len(s.Warnings) == 1 && s.Warnings[0].Reason == "SUPERSEDED"; g < current && warned != late {
					rt.Fatalf("generation %d was published behind %d: %v, told: %v", g, current, late, warned)
				}
				if !s.PublishedAt.Equal(published[g]) {
					rt.Fatalf("generation %d was published at %s, want %s", g, s.PublishedAt, published[g])
				}
			},
			"end": func(rt *rapid.T) {
				op := operation(rt)
				g := generations[op]
				gone, err := p.Retire(ctx, clock.now.Add(-keep), []string{op})
				if err != nil {
					rt.Fatal(err)
				}
				if g != 0 && !slices.Contains(gone.Spools, g) && !slices.Contains(gone.Whole, g) {
					rt.Fatalf("nothing of generation %d, whose operation is over, is to be purged: %+v", g, gone)
				}
				delete(generations, op)
				for _, g := range gone.Whole {
					if g == current || !published[g].IsZero() && clock.now.Sub(superseded[g]) <= keep {
						rt.Fatalf("generation %d is to be purged although it can be read: %+v", g, gone)
					}
				}
				for _, g := range generations {
					if g < gone.Oldest {
						rt.Fatalf("generation %d is being made, and to be purged: %+v", g, gone)
					}
				}
				if current != 0 && current < gone.Oldest {
					rt.Fatalf("the current generation %d is to be purged: %+v", current, gone)
				}
			},
			"wait": func(rt *rapid.T) {
				clock.now = clock.now.Add(time.Duration(rapid.IntRange(1, 15).Draw(rt, "hours")) * time.Hour)
			},
			"": func(rt *rapid.T) {
				e, err := p.Current(ctx)
				if current == 0 {
					if !errors.Is(err, ErrNone) {
						rt.Fatalf("current is %+v, %v; want none", e, err)
					}
					return
				}
				if err != nil || e.Generation != current || e.Customers != 10*current {
					rt.Fatalf("current is %+v, %v; want %d", e, err, current)
				}
				s, err := p.Summary(ctx)
				if err != nil || s.Generation != current || s.Customers != 10*current {
					rt.Fatalf("the summary is of %+v, %v; want %d", s, err, current)
				}
				for g := range published {
					_, kept, err := p.Edition(ctx, g, clock.now.Add(-keep))
					if want := g == current || clock.now.Sub(superseded[g]) < keep; err != nil || kept != want {
						rt.Fatalf("generation %d kept: %v, %v; want %v", g, kept, err, want)
					}
				}
			},
		})
	})
}

func TestSpoolRefusesASecondRun(t *testing.T) {
	for name, s := range map[string]*Store{
		"pebble": open(t, time.Now),
	} {
		t.Run(name, func(t *testing.T) { testSpool(t, s) })
	}
	t.Run("mongo", func(t *testing.T) { testSpool(t, openOn(t, mongotest.Open(t), time.Now)) })
}

func testSpool(t *testing.T, s *Store) {
	ctx := t.Context()
	if _, found, err := s.Spool.Last(ctx, 1); found || err != nil {
		t.Fatalf("an empty spool has a last chunk: %v, %v", found, err)
	}
	a := domain.Account{Customer: "a", Days: 1, Purses: []domain.Purse{{Currency: "CNY", Orders: 1, Revenue: 5}}}
	for number := range 12 {
		c := Chunk{Number: number, Start: int64(number), Count: 1, Accounts: AppendAccount(nil, &a), Layout: Dated}
		if err := s.Spool.Append(ctx, 1, c); err != nil {
			t.Fatal(err)
		}
		if err := s.Spool.Append(ctx, 1, c); fault.ReasonOf(err) != "REFRESH_OVERTAKEN" {
			t.Fatalf("a chunk was stored twice: %v", err)
		}
		if err := s.Spool.Append(ctx, 2, c); err != nil {
			t.Fatal(err)
		}
	}
	last, found, err := s.Spool.Last(ctx, 1)
	if err != nil || !found || last.Number != 11 || last.Start != 11 {
		t.Fatalf("the last chunk is %+v, %v, %v", last, found, err)
	}
	want := 5
	for c, err := range s.Spool.Chunks(ctx, 1, want) {
		if err != nil || c.Number != want {
			t.Fatalf("chunk %d, %v; want %d", c.Number, err, want)
		}
		want++
	}
	if want != 12 {
		t.Fatalf("the chunks end before %d", want)
	}
	if err := s.Purge(ctx, 1); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range s.Spool.Accounts(ctx, 1) {
		t.Fatalf("the purged spool holds an account, %v", err)
	}
	for _, err := range s.Spool.Accounts(ctx, 2) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 12 {
		t.Errorf("the other spool holds %d accounts, want 12", n)
	}
}

// TestMissingChunkIsNoticed: accounts that are lost must not pass for all.
func TestMissingChunkIsNoticed(t *testing.T) {
	s := open(t, time.Now)
	if err := s.Spool.Append(t.Context(), 1, Chunk{Number: 1}); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Spool.Accounts(t.Context(), 1) {
		if err != nil {
			return
		}
	}
	t.Error("a spool without its first chunk was read")
}
