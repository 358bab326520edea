package campaigns

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

func noOrders(int) []facts.Order { return nil }

// TestStartSurvivesDeath has a start die at each checkpoint, before it is written and
// behind, while the segment changes: the population is that of the generation frozen,
// everybody once, in the arm of the hash, counted right.
func TestStartSurvivesDeath(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		b := newBase(t, engine)
		b.shop(130, noOrders)
		for deaths, written := 0, false; deaths < 8; deaths, written = deaths+1, !written {
			id := "c" + string(rune('a'+deaths))
			b.insert(&Campaign{ID: id, Segment: "all", Share: 0.3, End: b.clock.Add(time.Hour), Strata: []string{"third", "fifth"}})
			j := &journal{left: deaths, written: written}
			_, err := b.starter().Start(t.Context(), id, "operations/x", StartState{}, j)
			for err != nil {
				if !errors.Is(err, errDied) {
					t.Fatal(err)
				}
				if c, _ := b.store.Get(t.Context(), id); c.State != Starting || len(b.assignedTo(id)) != 0 {
					t.Fatalf("dead in the middle it is %d, and tells %d assignments", c.State, len(b.assignedTo(id)))
				}
				j = &journal{kept: j.kept, left: -1}
				_, err = b.starter().Start(t.Context(), id, "operations/x", j.kept, j)
			}
			found := b.listed(id)
			if len(found) != 130 {
				t.Fatalf("%d deaths: %d take part", deaths, len(found))
			}
			for customer, arm := range found {
				if arm != ArmOf(id, customer, 0.3) {
					t.Fatalf("%s is in arm %d", customer, arm)
				}
			}
		}
	})
}

func (b *base) assignedTo(id string) []*assignmentDoc {
	b.Helper()
	c, err := b.store.Get(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	docs, _, err := b.store.page(b.Context(), c, nil, 1000)
	if err != nil {
		b.Fatal(err)
	}
	return docs
}

// TestStartIsRefused where nobody takes part or the end is past, and the campaign is a
// draft again; and where somebody else starts it.
func TestStartIsRefused(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		b := newBase(t, engine)
		b.shop(10, noOrders)
		b.insert(&Campaign{ID: "nobody", Rule: "orders.count >= 1", Share: 0.5, End: b.clock.Add(time.Hour)})
		b.insert(&Campaign{ID: "late", Segment: "all", Share: 0.5, End: b.clock})
		for id, reason := range map[string]string{"nobody": "CAMPAIGN_EMPTY", "late": "CAMPAIGN_END_PAST"} {
			_, err := b.starter().Start(t.Context(), id, "operations/x", StartState{}, &journal{left: -1})
			if fault.ReasonOf(err) != reason {
				t.Errorf("%s: %v", id, err)
			}
			if c, err := b.store.Get(t.Context(), id); err != nil || c.State != Draft || c.Operation != "" {
				t.Errorf("%s is %+v, %v", id, c, err)
			}
		}
		b.insert(&Campaign{ID: "taken", Segment: "all", Share: 0.5, End: b.clock.Add(time.Hour)})
		_, err := b.starter().Start(t.Context(), "taken", "operations/first", StartState{}, &journal{left: 0})
		if !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		busy := b.starter()
		busy.Over = func(context.Context, string) (bool, error) { return false, nil }
		if _, err := busy.Start(t.Context(), "taken", "operations/second", StartState{}, &journal{left: -1}); fault.ReasonOf(err) != "CAMPAIGN_STARTED" {
			t.Errorf("started twice at a time: %v", err)
		}
		if _, err := b.starter().Start(t.Context(), "taken", "operations/third", StartState{}, &journal{left: -1}); err != nil {
			t.Errorf("taken over from an operation that is over: %v", err)
		}
		b.listed("taken")
	})
}

// TestLiftIsThatOfTheOrders compares sums with the orders there are, of a rule's
// population: an order at the end of the window does not count, one at its begin does,
// and amounts in another currency are no revenue.
func TestLiftIsThatOfTheOrders(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		b := newBase(t, engine)
		start, end := b.clock, b.clock.Add(30*24*time.Hour)
		cny := func(at time.Time, minor int64) facts.Order {
			return facts.Order{Time: at, Net: facts.Money{Currency: "CNY", Minor: minor}}
		}
		before := cny(start.Add(-time.Hour), 500)
		customers := b.shop(200, func(i int) []facts.Order {
			switch i % 4 {
			case 0:
				return []facts.Order{before, cny(start, 1000), cny(end.Add(-time.Millisecond), 234)}
			case 1:
				return []facts.Order{before, cny(end, 9999)}
			case 2:
				return []facts.Order{before, {Time: start.Add(time.Hour), Net: facts.Money{Currency: "EUR", Minor: 77}}}
			}
			return nil // whom the rule leaves out
		})
		b.insert(&Campaign{ID: "sale", Rule: "orders.count >= 1", Share: 0.4, End: end, Strata: []string{"third"}})
		c := b.start("sale")
		if c.Population != 150 || c.Baseline.Revenue.N != 150 || c.Baseline.Converted != 150 || c.Baseline.Revenue.Mean != 500 {
			t.Fatalf("started is %+v with baseline %+v", c, c.Baseline)
		}
		b.clock = end.Add(settleTime)
		meter := &Meter{b.store, b.facts}
		if err := meter.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, err := b.store.Get(t.Context(), "sale")
		if err != nil {
			t.Fatal(err)
		}
		if err := meter.Sweep(t.Context()); err != nil || c.State != Ended {
			t.Fatalf("ended is %+v, %v", c, err)
		}
		b.clock = b.clock.Add(settleTime)
		if err := meter.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, err = b.store.Get(t.Context(), "sale"); err != nil || c.Result == nil || !c.final(c.Result.AsOf) {
			t.Fatalf("ended is %+v, %v", c, err)
		}
		var n, converted [3]int64
		var revenue [3]float64
		for i, customer := range customers {
			if i%4 == 3 {
				continue
			}
			arm := ArmOf("sale", customer, 0.4)
			n[arm]++
			if i%4 != 1 {
				converted[arm]++
			}
			if i%4 == 0 {
				revenue[arm] += 1234
			}
		}
		for _, arm := range []Arm{Treated, HeldOut} {
			sums := c.Result.All.of(arm)
			if sums.Revenue.N != n[arm] || sums.Converted != converted[arm] || math.Abs(sums.Revenue.Mean*float64(n[arm])-revenue[arm]) > 1e-6 {
				t.Errorf("arm %d comes to %+v, want %d of %d and %v", arm, sums, converted[arm], n[arm], revenue[arm])
			}
		}
		lift, err := liftOf(c, c.Result)
		if err != nil {
			t.Fatal(err)
		}
		if !lift.GetFinal() || lift.GetAlwaysValid() || lift.GetConversion().GetAbsolute().GetMethod() != "newcombe" || len(lift.GetStrata()) != 1 ||
			lift.GetReading() == "" || lift.GetReadingZh() == "" || math.Abs(lift.GetStrata()[0].GetConversion().GetAbsolute().GetLevel()-0.95) > 1e-12 {
			t.Errorf("the lift is %v", lift)
		}
	})
}

// TestEndedEarly keeps to the intervals that hold at every look, for ever.
func TestEndedEarly(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		b := newBase(t, engine)
		start := b.clock
		b.shop(400, func(i int) []facts.Order {
			if i%2 == 0 {
				return nil
			}
			return []facts.Order{{Time: start.Add(time.Duration(i) * time.Minute), Net: facts.Money{Currency: "CNY", Minor: 100}}}
		})
		b.insert(&Campaign{ID: "short", Segment: "all", Share: 0.5, End: start.Add(30 * 24 * time.Hour)})
		b.start("short")
		meter := &Meter{b.store, b.facts}
		b.clock = start.Add(200 * time.Minute)
		c, err := meter.End(t.Context(), "short")
		if err != nil || c.State != Ended {
			t.Fatalf("%+v, %v", c, err)
		}
		b.clock = start.Add(60 * 24 * time.Hour)
		if err := meter.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, err = b.store.Get(t.Context(), "short"); err != nil {
			t.Fatal(err)
		}
		lift, err := liftOf(c, c.Result)
		if err != nil {
			t.Fatal(err)
		}
		ordered := lift.GetConversion().GetTreatedMean()*float64(lift.GetConversion().GetTreated()) + lift.GetConversion().GetHeldOutMean()*float64(lift.GetConversion().GetHeldOut())
		if lift.GetFinal() || !lift.GetAlwaysValid() || math.Abs(ordered-100) > 1e-6 || !lift.GetWindowEnd().AsTime().Equal(start.Add(200*time.Minute)) {
			t.Errorf("of those within the window ordered %v: %v", ordered, lift)
		}
		if !slices.ContainsFunc(lift.GetWarnings(), func(w *apiv1.Warning) bool { return w.GetReason() == "ENDED_EARLY" }) {
			t.Errorf("warnings are %v", lift.GetWarnings())
		}
	})
}

// TestOverlapAndHoldOut warns of a campaign that shares customers, and holds its own
// out from what it names, while it runs.
func TestOverlapAndHoldOut(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		b := newBase(t, engine)
		customers := b.shop(60, noOrders)
		b.insert(&Campaign{ID: "one", Segment: "third", Share: 0.5, End: b.clock.Add(time.Hour), Strategy: "vip", Action: "call"})
		b.start("one")
		b.insert(&Campaign{ID: "two", Segment: "fifth", Share: 0.5, End: b.clock.Add(time.Hour)})
		two := b.start("two")
		if want := []Overlap{{"one", 4}}; !slices.Equal(two.Overlaps, want) { // 0, 15, 30, 45
			t.Errorf("overlaps are %v, want %v", two.Overlaps, want)
		}
		for i, customer := range customers {
			for _, asked := range [][2]string{{"vip", "call"}, {"vip", "other"}, {"other", "call"}} {
				want := ""
				if i%5 == 0 && ArmOf("two", customer, 0.5) == HeldOut {
					want = "two"
				}
				if i%3 == 0 && asked == [2]string{"vip", "call"} && ArmOf("one", customer, 0.5) == HeldOut {
					want = "one"
				}
				if got, err := b.store.HeldOut(t.Context(), customer, asked[0], asked[1]); err != nil || got != want {
					t.Errorf("%s is held out of %v by %q, %v, want %q", customer, asked, got, err, want)
				}
			}
		}
		b.clock = b.clock.Add(time.Hour)
		for _, customer := range customers {
			if got, err := b.store.HeldOut(t.Context(), customer, "vip", "call"); err != nil || got != "" {
				t.Errorf("behind the end %s is held out by %q, %v", customer, got, err)
			}
		}
	})
}

// during is the journal of a start during which something else happens, once.
type during struct {
	journal
	happens func()
}

func (d *during) Checkpoint(ctx context.Context, state StartState) error {
	if happens := d.happens; happens != nil {
		d.happens = nil
		happens()
	}
	return d.journal.Checkpoint(ctx, state)
}

// Of two campaigns that are started at the same time the last to be done tells how many
// take part in both, wherever the other was; also where its start has broken off.
func TestOverlapOfThoseBeingStarted(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		b := newBase(t, engine)
		b.shop(120, noOrders)
		for id, segment := range map[string]string{"one": "third", "two": "fifth"} {
			b.insert(&Campaign{ID: id, Segment: segment, Share: 0.5, End: b.clock.Add(time.Hour)})
		}
		var two *Campaign
		j := &during{journal: journal{left: -1}, happens: func() { two = b.start("two") }}
		one, err := b.starter().Start(t.Context(), "one", "operations/one", StartState{}, j)
		if err != nil {
			t.Fatal(err)
		}
		if want := []Overlap{{"two", 8}}; !slices.Equal(one.Overlaps, want) { // 0, 15, … 105
			t.Errorf("overlaps are %v, want %v", one.Overlaps, want)
		}
		if len(two.Overlaps) != 1 || two.Overlaps[0].Customers == 0 || two.Overlaps[0].Customers >= 8 { // of one's first part
			t.Errorf("overlaps with the one under way are %v", two.Overlaps)
		}
		// One that breaks off goes on with what it has seen: nobody is counted twice.
		b.insert(&Campaign{ID: "three", Segment: "third", Share: 0.5, End: b.clock.Add(time.Hour)})
		dying := &during{journal: journal{left: 1, written: true}}
		if _, err := b.starter().Start(t.Context(), "three", "operations/three", StartState{}, dying); !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		b.insert(&Campaign{ID: "four", Segment: "third", Share: 0.5, End: b.clock.Add(time.Hour)})
		b.start("four")
		three, err := b.starter().Start(t.Context(), "three", "operations/three", dying.kept, &journal{left: -1})
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(three.Overlaps, func(a, b Overlap) int { return strings.Compare(a.Campaign, b.Campaign) })
		if want := []Overlap{{"four", 40}, {"one", 40}, {"two", 8}}; !slices.Equal(three.Overlaps, want) {
			t.Errorf("overlaps are %v, want %v", three.Overlaps, want)
		}
	})
}

// TestErasure takes a person out of lists and counts at once, whatever breaks off.
func TestErasure(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		b := newBase(t, engine)
		customers := b.shop(60, noOrders)
		b.insert(&Campaign{ID: "one", Segment: "all", Share: 0.5, End: b.clock.Add(time.Hour)})
		b.start("one")
		gone := customers[10:12]
		broken := errors.New("broken off")
		err := b.store.ErasePerson(t.Context(), gone, func(string, int, func(context.Context) error) error {
			if n := len(b.listed("one")); n != 58 {
				t.Errorf("while they are being erased %d are listed", n)
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		for range 2 {
			found := 0
			err = b.store.ErasePerson(t.Context(), gone, func(_ string, n int, remove func(context.Context) error) error {
				found = n
				return remove(t.Context())
			})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(b.listed("one")); n != 58 {
				t.Errorf("%d are listed, of which %d were found", n, found)
			}
		}
		c, err := b.store.Get(t.Context(), "one")
		if err != nil || len(c.Hidden) != 0 {
			t.Errorf("hidden are still %v, %v", c.Hidden, err)
		}
		if _, err := b.store.assignment(t.Context(), c, gone[0]); fault.ReasonOf(err) != "ASSIGNMENT_NOT_FOUND" {
			t.Errorf("of who is erased there is: %v", err)
		}
	})
}
