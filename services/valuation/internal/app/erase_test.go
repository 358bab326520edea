package app

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"testing"

	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/alerts"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/economics"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

const pseudonym = "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KD"

// personsOn shows and erases what is kept on an engine, in a process that may
// die; over are the refreshes that are done.
func personsOn(t testing.TB, e docstore.Engine, l *life, over ...string) *Persons {
	t.Helper()
	s, err := store.Open(t.Context(), mortal{e, l}, frozen)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := economics.New(t.Context(), economics.Deps{Engine: mortal{e, l}, Clock: frozen})
	if err != nil {
		t.Fatal(err)
	}
	customers := alias.New(func(context.Context, string) (alias.Changes, error) { return alias.Changes{Next: "0"}, nil }, nil)
	warned, err := alerts.New(t.Context(), mortal{e, l}, s.Valuations, customers, frozen)
	if err != nil {
		t.Fatal(err)
	}
	return &Persons{
		Store: s, Lines: lines, Alerts: warned, Customers: customers,
		Sweeper: &Sweeper{
			Store: s, Keep: 1 << 50, Clock: frozen, Log: slog.New(slog.DiscardHandler),
			Over: func(_ context.Context, name string) (bool, error) { return slices.Contains(over, name), nil },
		},
	}
}

// heldOf counts the rows and the spooled accounts of some customers.
func heldOf(t testing.TB, p *Persons, customers []string) (rows, accounts int) {
	t.Helper()
	valued, spooled, err := p.Store.Generations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := p.Rows(t.Context(), valued, customers)
	if err != nil {
		t.Fatal(err)
	}
	for _, generation := range spooled {
		more, err := p.Store.Spool.Find(t.Context(), generation, customers)
		if err != nil {
			t.Fatal(err)
		}
		accounts += len(more)
	}
	return len(found), accounts
}

// refreshTo runs a refresh in a process that may die.
func refreshTo(t testing.TB, e docstore.Engine, operation string, c crowd, l *life) error {
	t.Helper()
	s, err := store.Open(t.Context(), mortal{e, l}, frozen)
	if err != nil {
		t.Fatal(err)
	}
	c.life = l
	r, j := NewRefresh(s, c), &journal{}
	r.chunk = 3
	_, err = r.Run(t.Context(), operation, policy, j.last(), j.in(l))
	return err
}

// twoRefreshes leaves two published refreshes behind, and one that died after so
// many calls.
func twoRefreshes(t testing.TB, e docstore.Engine, people crowd, calls int) {
	t.Helper()
	for _, operation := range []string{"one", "two"} {
		if err := refreshTo(t, e, operation, people, immortal()); err != nil {
			t.Fatal(err)
		}
	}
	if err := refreshTo(t, e, "three", people, &life{left: calls}); fault.ReasonOf(err) != "GONE" {
		t.Fatal(err)
	}
}

// What a spool says of somebody is found, whoever that is.
func TestFindInSpool(t *testing.T) {
	e := openPebble(t)
	people := crowd{seed: 3, customers: 50}
	if err := refreshTo(t, e, "one", people, immortal()); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, e)
	there := map[string]int64{}
	for account, err := range s.Spool.Accounts(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		there[account.Customer] = account.Orders()
	}
	if len(there) < 20 {
		t.Fatalf("only %d accounts", len(there))
	}
	for i := range people.customers + 1 {
		customer := people.history(i).Customer
		found, err := s.Spool.Find(t.Context(), 1, []string{customer})
		if err != nil {
			t.Fatal(err)
		}
		orders, is := there[customer]
		if is != (len(found) == 1) || is && (found[0].Customer != customer || found[0].Orders() != orders) {
			t.Errorf("of %s with %d orders there is %v", customer, orders, found)
		}
	}
}

// Wherever the process dies, calling again erases what is left, counts it once,
// and lists agree with their counts in between.
func TestErasureGoesOn(t *testing.T) {
	testErasureGoesOn(t, openPebble, 1)
}

func TestErasureGoesOnMongo(t *testing.T) {
	testErasureGoesOn(t, func(t testing.TB) docstore.Engine { return mongotest.Open(t) }, 9)
}

func testErasureGoesOn(t *testing.T, open func(testing.TB) docstore.Engine, step int) {
	people := crowd{seed: 3, customers: 30}
	var person []string
	for i := range people.customers {
		if h := people.history(i); len(h.TimeMS) > 0 && len(person) < 2 {
			person = append(person, h.Customer)
		}
	}
	person = append(person, "nobody")
	survived := false
	for calls := 1; !survived; calls += step {
		e := open(t)
		twoRefreshes(t, e, people, 60)
		before := read(t, openStore(t, e))
		seen := personsOn(t, e, immortal(), "one", "two", "three")
		rows, accounts := heldOf(t, seen, person)
		if rows < 4 || accounts < 2 {
			t.Fatalf("there are %d rows and %d accounts", rows, accounts)
		}
		_, err := personsOn(t, e, &life{left: calls, lost: calls%2 == 0}, "one", "two", "three").Erase(t.Context(), person, pseudonym)
		survived = err == nil
		wantAgreement(t, seen.Store, fmt.Sprintf("after %d calls", calls))
		erased, err := seen.Erase(t.Context(), person, pseudonym)
		if err != nil {
			t.Fatal(err)
		}
		if erased[Valued.ID] != int64(rows) {
			t.Errorf("after %d calls: erased %v of %d rows", calls, erased, rows)
		}
		if rows, accounts := heldOf(t, seen, person); rows+accounts > 0 {
			t.Errorf("after %d calls: %d rows and %d accounts are left", calls, rows, accounts)
		}
		wantAgreement(t, seen.Store, fmt.Sprintf("after %d calls and an end", calls))
		after := read(t, seen.Store)
		if len(after.valuations) != len(before.valuations)-2 || after.summary.Erased != 2 {
			t.Fatalf("of %d valuations %d are left, %d erased", len(before.valuations), len(after.valuations), after.summary.Erased)
		}
		for _, v := range after.valuations {
			if !slices.ContainsFunc(before.valuations, func(old domain.Valuation) bool { return reflect.DeepEqual(old, v) }) {
				t.Fatalf("another's valuation was changed: %v", v)
			}
		}
	}
}

// wantAgreement compares every edition's count with its list.
func wantAgreement(t testing.TB, s *store.Store, when string) {
	t.Helper()
	for generation := int64(1); generation <= 3; generation++ {
		e, kept, err := s.Publication.Edition(t.Context(), generation, frozen().AddDate(-9, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		if !kept {
			continue
		}
		var listed int64
		for v, err := range s.Valuations.All(t.Context(), generation, store.Span{}) {
			if err != nil {
				t.Fatal(err)
			}
			if !e.Hides(v.Customer) {
				listed++
			}
		}
		if listed != e.Customers {
			t.Errorf("%s: generation %d lists %d, and counts %d", when, generation, listed, e.Customers)
		}
	}
}

// A refresh that is not over holds the erasure up, unless it began later.
func TestWhatHoldsUp(t *testing.T) {
	e := openPebble(t)
	people := crowd{seed: 3, customers: 30}
	twoRefreshes(t, e, people, 40)
	person := []string{people.history(1).Customer, people.history(2).Customer}
	p := personsOn(t, e, immortal(), "one", "two")
	for range 2 {
		if _, err := p.Erase(t.Context(), person, pseudonym); fault.ReasonOf(err) != "ERASURE_HELD_UP" {
			t.Fatal(err)
		}
	}
	if err := refreshTo(t, e, "four", people, &life{left: 10}); fault.ReasonOf(err) != "GONE" {
		t.Fatal(err)
	}
	if _, err := personsOn(t, e, immortal(), "one", "two", "three").Erase(t.Context(), person, pseudonym); err != nil {
		t.Fatal(err)
	}
	wantAgreement(t, p.Store, "in the end")
}
