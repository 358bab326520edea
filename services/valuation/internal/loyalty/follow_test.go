package loyalty

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/valuation/internal/base"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// quiet is a journal that ends a run after so many questions, never for a negative
// number.
type quiet struct{ left int }

var errEnd = errors.New("the process is gone")

func (q *quiet) Alive(context.Context) error {
	if q.left == 0 {
		return errEnd
	}
	q.left--
	return nil
}

func (*quiet) Progress(int64, int64, string) {}

// world is an evaluator over valuations that tests write.
type world struct {
	*Evaluator
	valued     *store.Store
	generation int64
}

func newWorld(t *testing.T, e docstore.Engine) *world {
	t.Helper()
	clock := func() time.Time { return today }
	valued, err := store.Open(t.Context(), e, clock)
	must(t, err)
	own, err := OpenStore(t.Context(), e, clock)
	must(t, err)
	known, err := facts.Open(t.Context(), e, []facts.Source{
		{Kind: facts.Satisfaction, Peer: "feedback"}, {Kind: facts.Referrals, Peer: "referral"}, {Kind: facts.Prices, Peer: "profile"},
	}, clock)
	must(t, err)
	return &world{Evaluator: &Evaluator{Store: own, Base: &base.Reader{Store: valued}, Facts: known}, valued: valued}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refresh publishes valuations of customers with some order days each.
func (w *world) refresh(t *testing.T, days map[string]int64) base.Population {
	t.Helper()
	w.generation++
	operation := fmt.Sprintf("refresh-%d", w.generation)
	generation, err := w.valued.Publication.Begin(t.Context(), operation)
	must(t, err)
	var all []domain.Valuation
	for customer, n := range days {
		all = append(all, domain.Valuation{
			Customer: customer, Days: n, Orders: n, FirstMS: today.UnixMilli(), LastMS: today.UnixMilli(),
			Revenue: []domain.Money{{Currency: "CNY", Minor: 100 * n}},
		})
	}
	must(t, w.valued.Valuations.Write(t.Context(), generation, all))
	_, err = w.valued.Publication.Publish(t.Context(), operation, domain.Summary{
		Generation: generation, Customers: int64(len(all)), AsOf: today,
		Policy: domain.Policy{AsOfDate: "2026-03-01", Zone: "UTC", Currency: "CNY"},
	})
	must(t, err)
	p, err := w.Base.Current(t.Context())
	must(t, err)
	return p
}

func (w *world) policy(t *testing.T, id string) *Policy {
	t.Helper()
	p := &Policy{
		ID: id, Components: []Component{{PurchaseDays, 1, 0, 10}},
		Tiers: []Tier{{ID: "gold", Threshold: 60}, {ID: "silver", Threshold: 30}, {ID: "bronze", Threshold: 10}},
	}
	must(t, p.Normalize())
	made, err := w.Store.Insert(t.Context(), p)
	must(t, err)
	return made
}

// evaluate evaluates, beginning anew whenever it breaks off.
func (w *world) evaluate(t *testing.T, operation, policy string, p base.Population) *edition {
	t.Helper()
	view, err := w.Facts.View(t.Context(), time.Time{})
	must(t, err)
	_, e, err := w.Run(t.Context(), operation, policy, p, view, facts.NewFamily(nil), &quiet{-1})
	must(t, err)
	return e
}

// replayed is the tier that a customer's history leads to.
func (w *world) replayed(t *testing.T, policy, customer string) string {
	t.Helper()
	changes, _, err := w.Store.Changes(t.Context(), policy, customer, nil, 1000)
	must(t, err)
	slices.Reverse(changes)
	tier := ""
	for _, c := range changes {
		if c.From != tier || c.From == c.To {
			t.Fatalf("%s: %q is left for %q while in %q", customer, c.From, c.To, tier)
		}
		tier = c.To
	}
	return tier
}

// check holds histories, lists and counts against each other.
func (w *world) check(t *testing.T, policy string, e *edition, days map[string]int64, everybody map[string]bool) {
	t.Helper()
	counts := make(map[string]int64)
	for customer := range everybody {
		standing, _, err := w.Store.Standing(t.Context(), policy, customer)
		tier := ""
		if _, valued := days[customer]; valued {
			must(t, err)
			tier = standing.Tier
			counts[tier]++
		} else if fault.ReasonOf(err) != "LOYALTY_NOT_FOUND" {
			t.Fatalf("%s: %v", customer, err)
		}
		if got := w.replayed(t, policy, customer); got != tier {
			t.Fatalf("the history of %s leads to %q, it is in %q", customer, got, tier)
		}
	}
	for _, tier := range e.Info.Tiers {
		stored := tier.ID
		if stored == None {
			stored = ""
		}
		var listed int64
		last := 101.0
		token := page.Token{}
		for {
			list, err := w.Store.list(t.Context(), listing{policy: policy, tier: tier.ID}, token, 7, time.Time{})
			must(t, err)
			for _, s := range list.Standings {
				if s.Tier != stored || s.Score > last {
					t.Fatalf("%+v in the list of %s behind %v", s, tier.ID, last)
				}
				last = s.Score
				listed++
			}
			if list.Next == nil {
				if listed != list.Total || listed != tier.Customers || listed != counts[stored] {
					t.Fatalf("%s: %d listed, total %d, count %d, counted %d", tier.ID, listed, list.Total, tier.Customers, counts[stored])
				}
				break
			}
			token = page.Token{Position: *list.Next, Generation: uint64(list.Evaluation.Number)}
		}
	}
}

func TestHistoriesLeadToTheTierOfToday(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		for _, seed := range []uint64{1, 2} {
			random := rand.New(rand.NewPCG(seed, 0))
			w := newWorld(t, e)
			w.generation = int64(seed) * 1000 // operations of their own
			policy := w.policy(t, fmt.Sprintf("p%d", seed)).ID
			everybody := make(map[string]bool)
			for round := range 6 {
				days := make(map[string]int64)
				for i := range 40 {
					if random.IntN(5) > 0 { // some come, some go
						customer := fmt.Sprintf("c%02d", i)
						days[customer], everybody[customer] = random.Int64N(12), true
					}
				}
				p := w.refresh(t, days)
				now := w.evaluate(t, fmt.Sprintf("e%d", round), policy, p)
				if now.Info.Customers != int64(len(days)) || now.Info.Generation != p.Generation {
					t.Fatalf("%+v of %d", now.Info, len(days))
				}
				w.check(t, policy, now, days, everybody)
			}
			must(t, w.Store.Sweep(t.Context(), today.Add(time.Hour), func(context.Context, string) (bool, error) { return true, nil }))
			left, err := w.Store.standings.Count(t.Context(), docstore.Within(policy))
			must(t, err)
			r, err := w.Store.book.Get(t.Context(), policy)
			must(t, err)
			if len(r.Previous) != 0 || left != r.Current.Info.Customers {
				t.Errorf("after the sweep %d standings and %d editions are left", left, len(r.Previous))
			}
		}
	})
}

// An evaluation that was published and whose histories were not followed up is not
// read, and the next one catches up.
func TestWhatIsReadIsWhatHistoriesLeadTo(t *testing.T) {
	w := newWorld(t, onPebble(t))
	policy := w.policy(t, "p")
	first := w.evaluate(t, "e1", "p", w.refresh(t, map[string]int64{"ann": 1, "bob": 7}))
	view, err := w.Facts.View(t.Context(), time.Time{})
	must(t, err)

	p := w.refresh(t, map[string]int64{"ann": 9, "cat": 3})
	number, err := w.Store.book.Begin(t.Context(), "p", "e2")
	must(t, err)
	must(t, w.judgeAll(t.Context(), "e2", policy, number, p, view, facts.NewFamily(nil), &quiet{-1}))
	read, err := w.Store.readable(t.Context(), "p")
	must(t, err)
	if read.Number != first.Number || w.replayed(t, "p", "ann") != "bronze" {
		t.Errorf("evaluation %d is read before histories lead to it", read.Number)
	}

	third := w.evaluate(t, "e3", "p", w.refresh(t, map[string]int64{"ann": 3, "cat": 3}))
	changes, _, err := w.Store.Changes(t.Context(), "p", "ann", nil, 10)
	must(t, err)
	var steps []string
	for _, c := range changes {
		steps = append(steps, fmt.Sprintf("%d: %s→%s %v", c.Evaluation, c.From, c.To, c.Reasons))
	}
	if want := []string{"3: gold→silver []", "2: bronze→gold []", "1: →bronze [FIRST_EVALUATION]"}; !slices.Equal(steps, want) {
		t.Errorf("ann: %q, want %q", steps, want)
	}
	if third.Number != 3 || w.replayed(t, "p", "bob") != "" {
		t.Errorf("evaluation %d, bob in %q", third.Number, w.replayed(t, "p", "bob"))
	}
	last := changes[0]
	if len(last.Causes) != 1 || last.Causes[0].Factor != PurchaseDays || last.Causes[0].FromPoints != 90 || last.Causes[0].ToPoints != 30 {
		t.Errorf("causes %+v", last.Causes)
	}
	// The same operation again changes nothing.
	if again := w.evaluate(t, "e3", "p", p); again.Number != 3 {
		t.Errorf("evaluated again: %d", again.Number)
	}
}

func TestAnEvaluationOfADeletedPolicy(t *testing.T) {
	w := newWorld(t, onPebble(t))
	p := w.policy(t, "p")
	population := w.refresh(t, map[string]int64{"ann": 1})
	w.evaluate(t, "e1", "p", population)
	must(t, w.Store.Delete(t.Context(), "p", p.Version))
	view, err := w.Facts.View(t.Context(), time.Time{})
	must(t, err)
	if _, _, err := w.Run(t.Context(), "e2", "p", population, view, facts.NewFamily(nil), &quiet{-1}); fault.ReasonOf(err) != "LOYALTY_POLICY_NOT_FOUND" {
		t.Errorf("%v", err)
	}
	w.policy(t, "p")
	if e := w.evaluate(t, "e3", "p", population); e.Number != 2 || w.replayed(t, "p", "ann") != "bronze" {
		t.Errorf("the new policy's first evaluation is %d; ann leads to %q", e.Number, w.replayed(t, "p", "ann"))
	}
}

func TestErasureKeepsListsAndCountsTogether(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		w := newWorld(t, e)
		w.policy(t, "p")
		days := map[string]int64{"ann": 7, "bob": 8, "cat": 0}
		everybody := map[string]bool{"ann": true, "bob": true, "cat": true}
		now := w.evaluate(t, "e1", "p", w.refresh(t, days))
		w.check(t, "p", now, days, everybody)
		removed := make(map[string]int)
		erase := func() error {
			return w.Store.ErasePerson(t.Context(), []string{"bob"}, func(section string, found int, remove func(context.Context) error) error {
				removed[section] += found
				if found == 0 {
					return nil
				}
				return remove(t.Context())
			})
		}
		if err := erase(); fault.ReasonOf(err) != "ERASURE_HELD_UP" {
			t.Errorf("while the evaluation may not be over: %v", err)
		}
		must(t, w.Store.Sweep(t.Context(), today.Add(-time.Hour), func(context.Context, string) (bool, error) { return true, nil }))
		must(t, erase())
		if removed["loyalty"] != 1 || removed["loyalty_tier_changes"] != 1 {
			t.Errorf("removed %v", removed)
		}
		now, err := w.Store.readable(t.Context(), "p")
		must(t, err)
		delete(days, "bob")
		w.check(t, "p", now, days, everybody)
		if now.Info.Erased != 1 || now.Info.Customers != 2 || len(now.Info.Hidden) != 0 {
			t.Errorf("%+v", now.Info)
		}
	})
}
