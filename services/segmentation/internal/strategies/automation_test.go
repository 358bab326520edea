package strategies

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
)

var (
	daily  = Cap{Max: 1, Window: Day, Zone: "Asia/Shanghai"}
	weekly = Cap{Max: 2, Window: Week}
	total  = Cap{Max: 4, Window: Month}
)

// playbook are two strategies of two segments, one capped by action and one by
// strategy; contacts with a purpose wait out the night of Shanghai.
func playbook(created time.Time) []*Strategy {
	rules := &ContactRules{Purpose: "marketing", QuietStart: "22:00", QuietEnd: "08:00", Zone: "Asia/Shanghai"}
	return []*Strategy{
		{ID: "first", Name: Text{En: "First"}, Segment: "vip", Revision: 1, CreateTime: created, Actions: []Action{
			{ID: "call", Kind: 1, Text: Text{En: "Call"}, Channel: "phone", Trigger: OnEnter, Contact: rules, Caps: []Cap{daily}, Eligibility: "orders.count >= 2"},
			{ID: "farewell", Kind: 5, Text: Text{En: "Ask why"}, Channel: "phone", Trigger: OnLeave},
			{ID: "told", Kind: 4, Text: Text{En: "Only recommended"}, Channel: "phone"},
		}},
		{ID: "second", Name: Text{En: "Second"}, Segment: "lost", Revision: 1, CreateTime: created, Caps: []Cap{weekly}, Actions: []Action{
			{ID: "sms", Kind: 5, Text: Text{En: "Write"}, Channel: "sms", Trigger: OnEnter},
		}},
	}
}

// settled makes steps until nothing is left to do, nights and dead leases waited out.
func settled(t fails, b *base, a *Automation) {
	t.Helper()
	for range 4 {
		for more := true; more; {
			var err error
			if more, err = a.Step(context.Background()); err != nil {
				t.Fatalf("step: %v", err)
			}
		}
		b.clock = b.clock.Add(11 * time.Hour)
	}
}

// TestEachEventAtMostOnceWithinTheCaps has processes die at random writes, in the
// middle of steps that others repeat, over random moves, times, refusals and pauses.
// In the end each move has made exactly one event per action, none waits, and no
// customer was reached more often than the caps allow.
func TestEachEventAtMostOnceWithinTheCaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		engine, err := openMemory()
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		defer func() { _ = engine.Close() }()
		play(t, engine, rapid.IntRange(10, 40).Draw(t, "steps"))
	})
}

// TestEachEventAtMostOnceOnMongo is a short one on the other engine.
func TestEachEventAtMostOnceOnMongo(t *testing.T) {
	engine := mongotest.Open(t)
	done := false
	rapid.Check(t, func(t *rapid.T) {
		if done {
			return // one history will do
		}
		done = true
		play(t, engine, 15)
	})
}

func play(t *rapid.T, engine docstore.Engine, steps int) {
	ctx := context.Background()
	b := newBase()
	line := &mortal{Engine: engine}
	line.revive()
	store, err := OpenStore(ctx, line, b.now)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	if _, err := store.SetPolicy(ctx, &Policy{Caps: []Cap{total}}, func(int64) error { return nil }); err != nil {
		t.Fatalf("policy: %v", err)
	}
	for _, s := range playbook(b.clock) {
		if err := store.Insert(ctx, s); err != nil {
			t.Fatalf("insert: %v", err)
		}
	}
	customers := []string{"a", "b!%", "客户"}
	for i, c := range customers {
		b.customer(c, 1+i)
	}
	processes := []*Automation{b.automation(store), b.automation(store)}
	for range steps {
		customer := rapid.SampledFrom(customers).Draw(t, "customer")
		switch rapid.IntRange(0, 7).Draw(t, "what") {
		case 0, 1, 2:
			b.move(rapid.SampledFrom([]string{"vip", "lost", "other"}).Draw(t, "segment"), customer)
		case 3:
			b.clock = b.clock.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "minutes")) * time.Minute)
		case 4:
			b.refuses[customer] = rapid.Bool().Draw(t, "refuses")
			b.held[customer] = rapid.Bool().Draw(t, "held")
		case 5:
			pause := rapid.Bool().Draw(t, "paused")
			if _, err := store.Change(ctx, "second", func(s *Strategy) error { s.Paused = pause; return nil }); err != nil {
				t.Fatalf("pause: %v", err)
			}
		case 6:
			at := rapid.IntRange(0, 1).Draw(t, "process")
			line.dieAfter(rapid.IntRange(0, 6).Draw(t, "writes"), rapid.Bool().Draw(t, "last is done"))
			_, _ = processes[at].Step(ctx) // to die in it
			line.revive()
			processes[at] = b.automation(store) // another takes its place
			b.clock = b.clock.Add(leaseTime)
		case 7:
			if _, err := processes[rapid.IntRange(0, 1).Draw(t, "process")].Step(ctx); err != nil {
				t.Fatalf("step: %v", err)
			}
		}
	}
	b.clock = b.clock.Add(2 * leaseTime)
	settled(t, b, processes[0])
	check(t, b, store)
}

// check holds the events against the moves, and the deliveries against the caps.
func check(t *rapid.T, b *base, store *Store) {
	found := map[string]*Event{}
	for _, e := range all(t, store) {
		found[e.ID] = e
		if e.State == Waiting || e.State == Suppressed && e.Reason == 0 || e.State == Delivered && e.Reason != 0 {
			t.Fatalf("event %+v is left so", e)
		}
	}
	expected := 0
	for _, m := range b.moves {
		for _, s := range playbook(time.Time{}) {
			for _, a := range s.Actions {
				if s.Segment != m.Segment || a.Trigger == OnNothing || (a.Trigger == OnLeave) != m.Left {
					continue
				}
				expected++
				if e := found[eventID(m, s.ID, a.ID)]; e == nil || e.Move.Customer != m.Customer || e.Action != a.ID {
					t.Fatalf("of %+v by %s %s there is %+v", m, s.ID, a.ID, e)
				}
			}
		}
	}
	if len(found) != expected {
		t.Fatalf("there are %d events of %d", len(found), expected)
	}
	counts := map[string]int32{}
	count := func(e *Event, what string, c Cap) {
		key := fmt.Sprint(e.Move.Customer, what, c.Since(e.SettleTime).Unix())
		if counts[key]++; counts[key] > c.Max {
			t.Fatalf("%s was reached more than %v by %s", e.Move.Customer, c, what)
		}
	}
	for _, e := range found {
		if e.State != Delivered {
			continue
		}
		count(e, "all", total)
		switch {
		case e.Strategy == "second":
			count(e, "second", weekly)
		case e.Action == "call":
			count(e, "call", daily)
			if local := zoned(e.SettleTime, "Asia/Shanghai"); local.Hour() >= 22 || local.Hour() < 8 {
				t.Fatalf("called at %v", local)
			}
		}
	}
	toldOnce(t, b, store, found)
}

// toldOnce follows the delivered events, and meets each once.
func toldOnce(t *rapid.T, b *base, store *Store, found map[string]*Event) {
	b.clock = b.clock.Add(time.Minute)
	told := map[string]bool{}
	var at *docstore.Position
	for more := true; more; {
		var events []*Event
		var err error
		if events, at, more, err = store.delivered(context.Background(), at, 3); err != nil {
			t.Fatalf("delivered: %v", err)
		}
		for _, e := range events {
			if told[e.ID] {
				t.Fatalf("event %s was told twice", e.ID)
			}
			told[e.ID] = true
		}
	}
	for id, e := range found {
		if (e.State == Delivered) != told[id] {
			t.Fatalf("event %+v, told: %v", e, told[id])
		}
	}
}
