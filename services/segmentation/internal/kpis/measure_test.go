package kpis

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// roster is segments whose members are written down by hand.
type roster struct {
	segments []domain.Segment
	members  map[string][]string
	flows    map[string][2]int64 // by segment and the generations, of those asked for
}

func (r *roster) All(context.Context) iter.Seq2[domain.Segment, error] {
	return func(yield func(domain.Segment, error) bool) {
		for _, s := range r.segments {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (r *roster) Get(_ context.Context, id string) (domain.Segment, error) {
	for _, s := range r.segments {
		if s.ID == id {
			return s, nil
		}
	}
	return domain.Segment{}, fault.New(fault.NotFound, "SEGMENT_NOT_FOUND", "there is no %s", id)
}

func (r *roster) Members(_ context.Context, segment string, _ int64, after string, size int) ([]string, bool, error) {
	all, known := r.members[segment]
	if !known {
		return nil, false, fault.New(fault.NotFound, "SEGMENT_NOT_FOUND", "it was deleted")
	}
	at := 0
	if after != "" {
		at = sort.Search(len(all), func(i int) bool { return docstore.ID(all[i]) > docstore.ID(after) })
	}
	end := min(at+size, len(all))
	return all[at:end], end < len(all), nil
}

func (r *roster) Flows(_ context.Context, segment string, after, upTo int64) (int64, int64, error) {
	f, known := r.flows[fmt.Sprintf("%s %d %d", segment, after, upTo)]
	if !known {
		return 0, 0, fmt.Errorf("nobody should ask for %s from %d to %d", segment, after, upTo)
	}
	return f[0], f[1], nil
}

func onBothEngines(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("pebble", func(t *testing.T) {
		e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		test(t, e)
	})
	t.Run("mongo", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

func newMeter(t testing.TB, engine docstore.Engine, r *roster, clock func() time.Time) (*Meter, *facts.Store) {
	t.Helper()
	known, err := facts.Open(t.Context(), engine, vaulttest.On(t, engine), clock)
	if err != nil {
		t.Fatal(err)
	}
	store, err := OpenStore(t.Context(), engine, clock)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return &Meter{Store: store, Segments: r, Members: r, Facts: known, Zone: zone, Clock: clock}, known
}

// customers makes customers up from a seed, with numbers from one on and before another.
func customers(r *rand.Rand, from, to int, now time.Time) []facts.Change {
	changes := make([]facts.Change, to-from)
	for i := range changes {
		f := &facts.Facts{Customer: facts.Customer{ID: fmt.Sprintf("客%07d", from+i)}}
		for range r.IntN(6) {
			f.Orders.Recent = append(f.Orders.Recent, facts.Order{
				Time: now.Add(-time.Duration(r.IntN(60*24)) * time.Hour),
				Net:  facts.Money{Currency: []string{"CNY", "USD"}[r.IntN(2)], Minor: int64(r.IntN(100_000)) - 1000},
			})
		}
		slices.SortFunc(f.Orders.Recent, func(a, b facts.Order) int { return a.Time.Compare(b.Time) })
		f.Orders.Count = int64(len(f.Orders.Recent))
		if r.IntN(2) == 0 {
			f.Feedback = facts.Feedback{Responses: 1, Satisfaction: float64(r.IntN(11)) / 10}
		}
		if r.IntN(3) == 0 {
			f.Valued = true
			risk := r.Float64()
			f.Prediction = facts.Prediction{ChurnRisk: &risk, Residual: &facts.Money{Currency: "CNY", Minor: int64(r.IntN(5000))}}
		}
		f.Referral.Qualified = int64(r.IntN(3))
		changes[i] = facts.Change{Customer: f.Customer.ID, Facts: f, Parts: facts.AllParts}
	}
	slices.SortFunc(changes, func(a, b facts.Change) int { return cmp.Compare(docstore.ID(a.Customer), docstore.ID(b.Customer)) })
	return changes
}

// Every segment is measured as if it were alone, whatever stands beside it; more
// members than a page, members of whom nothing is known, and none at all.
func TestMeasureIsTheSumOfItsMembers(t *testing.T) {
	now := time.Date(2026, 11, 22, 17, 30, 0, 0, time.UTC) // the 23rd in Shanghai
	for _, seed := range []uint64{1, 2} {
		onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
			r := rand.New(rand.NewPCG(seed, 3))
			all := customers(r, 0, 2500, now)
			world := &roster{members: map[string][]string{}}
			want := map[string]Figures{}
			for i, share := range []float64{0, 0.01, 0.5, 0.9, 1} {
				id := fmt.Sprintf("s%d", i)
				var sum Figures
				for _, c := range all {
					if r.Float64() >= share {
						continue
					}
					world.members[id] = append(world.members[id], c.Customer)
					byHand(&sum, c.Facts, now)
				}
				world.members[id] = append(world.members[id], "客9999999") // nobody knows
				want[id] = sum
				world.segments = append(world.segments, domain.Segment{
					ID: id, Born: 7, State: domain.Published, Formed: domain.Formed{Generation: 9, Members: int64(len(world.members[id]))},
				})
			}
			world.segments = append(world.segments,
				domain.Segment{ID: "draft", Born: 8, State: domain.Draft},
				domain.Segment{ID: "deleted", Born: 9, State: domain.Published, Formed: domain.Formed{Generation: 10}})
			m, known := newMeter(t, engine, world, func() time.Time { return now })
			if _, err := known.Put(t.Context(), all); err != nil {
				t.Fatal(err)
			}
			if err := m.Measure(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, s := range world.segments {
				k, err := m.Store.Get(t.Context(), s.ID, s.Born, "2026-11-23")
				if err != nil {
					t.Fatal(err)
				}
				if s.ID == "draft" || s.ID == "deleted" {
					if k != nil {
						t.Errorf("%s was measured: %+v", s.ID, k)
					}
					continue
				}
				expected := &Kpi{
					Segment: s.ID, Born: 7, Date: "2026-11-23", AsOf: now, Zone: "Asia/Shanghai", Generation: 9, Members: s.Formed.Members, Figures: want[s.ID],
				}
				if !reflect.DeepEqual(expected, k) {
					t.Errorf("%s is %+v, want %+v", s.ID, k, expected)
				}
			}
		})
	}
}

// byHand counts a member as the words of the API say.
func byHand(sum *Figures, f *facts.Facts, now time.Time) {
	bought := false
	for _, o := range f.Orders.Recent {
		if age := now.Sub(o.Time); age > 0 && age <= 30*24*time.Hour {
			bought = true
			sum.Orders++
			i := slices.IndexFunc(sum.Revenue, func(m facts.Money) bool { return m.Currency == o.Net.Currency })
			if i < 0 {
				i = len(sum.Revenue)
				sum.Revenue = append(sum.Revenue, facts.Money{Currency: o.Net.Currency})
			}
			sum.Revenue[i].Minor += o.Net.Minor
		}
	}
	slices.SortFunc(sum.Revenue, func(a, b facts.Money) int { return cmp.Compare(a.Currency, b.Currency) })
	if bought {
		sum.Buyers++
	}
	if len(f.Orders.Recent) > 1 {
		sum.RepeatBuyers++
	}
	if f.Feedback.Responses > 0 {
		sum.Answered, sum.Satisfaction = sum.Answered+1, sum.Satisfaction+f.Feedback.Satisfaction
	}
	if f.Prediction.ChurnRisk != nil {
		sum.Predicted, sum.ChurnRisk = sum.Predicted+1, sum.ChurnRisk+*f.Prediction.ChurnRisk
		sum.Valued++
		if len(sum.Residual) == 0 {
			sum.Residual = []facts.Money{{Currency: "CNY"}}
		}
		sum.Residual[0].Minor += f.Prediction.Residual.Minor
	}
	if f.Referral.Qualified > 0 {
		sum.Advocates, sum.Qualified = sum.Advocates+1, sum.Qualified+f.Referral.Qualified
	}
}

// A day is measured once, the next one tells the moves since, and a segment that is
// made anew under the same id has nothing of the old one's.
func TestDaysFollowEachOther(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
		world := &roster{
			segments: []domain.Segment{{ID: "s", Born: 7, State: domain.Published, Formed: domain.Formed{Generation: 9, Members: 1}}},
			members:  map[string][]string{"s": {"a"}},
			flows:    map[string][2]int64{"s 9 12": {5, 3}},
		}
		m, _ := newMeter(t, engine, world, func() time.Time { return now })
		measure := func() []Kpi {
			t.Helper()
			if err := m.Measure(t.Context()); err != nil {
				t.Fatal(err)
			}
			days, _, err := m.Store.Page(t.Context(), "s", world.segments[0].Born, "", "", nil, 10)
			if err != nil {
				t.Fatal(err)
			}
			return days
		}
		first := measure()
		if len(first) != 1 || first[0].Date != "2026-11-22" || !first[0].Previous.IsZero() {
			t.Fatalf("got %+v", first)
		}
		world.segments[0].Formed = domain.Formed{Generation: 12, Members: 3}
		now = now.Add(14 * time.Hour) // 23:00 in Shanghai
		if again := measure(); len(again) != 1 || again[0].Members != 1 {
			t.Errorf("measured twice on a day: %+v", again)
		}
		now = now.Add(time.Hour)
		days := measure()
		if len(days) != 2 || days[0].Date != "2026-11-23" || days[0].Entered != 5 || days[0].Left != 3 || !days[0].Previous.Equal(first[0].AsOf) || days[0].Members != 3 {
			t.Fatalf("got %+v", days)
		}
		some, next, err := m.Store.Page(t.Context(), "s", 7, "2026-11-22", "2026-11-22", nil, 1)
		if err != nil || len(some) != 1 || some[0].Date != "2026-11-22" || next != nil {
			t.Errorf("from the 22nd to the 22nd: %+v, %v, %v", some, next, err)
		}
		world.segments[0].Born = 20
		if anew := measure(); len(anew) != 1 || !anew[0].Previous.IsZero() {
			t.Errorf("made anew it has %+v", anew)
		}
		if old, err := m.Store.Get(t.Context(), "s", 7, "2026-11-22"); old != nil || err != nil {
			t.Errorf("of the old one there is %+v, %v", old, err)
		}
	})
}
