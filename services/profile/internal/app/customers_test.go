package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// An identifier goes to one customer, however many ask for it at once.
func TestIdentifierGoesToOne(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := start(t, e, newClock())
		mails := []domain.Identifier{email("a@example.com"), email("b@example.com")}
		errs := make([]error, 16)
		var wait sync.WaitGroup
		for n := range errs {
			wait.Go(func() {
				c := domain.Customer{ID: fmt.Sprintf("c%d", n), Details: domain.Details{Identifiers: slices.Clone(mails)}}
				_, errs[n] = f.CreateCustomer(t.Context(), c, false)
			})
		}
		wait.Wait()
		won := 0
		for n, err := range errs {
			switch reason := fault.ReasonOf(err); {
			case err == nil:
				won++
			case reason != "IDENTIFIER_TAKEN" && reason != "IDENTIFIER_BUSY":
				t.Errorf("c%d: %v", n, err)
			}
		}
		if won > 1 {
			t.Errorf("%d customers were given the same identifiers", won)
		}
		f.settled(t)
		f.consistent(t, mails...)
		_, err := f.LookupCustomer(t.Context(), mails[0])
		if (err == nil) != (won == 1) {
			t.Errorf("%d won, and the look-up says %v", won, err)
		}
	})
}

// A thousand customers claim one identifier at the same moment, and one gets it.
func TestThousandClaimsOfOneIdentifier(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := start(t, e, newClock())
		for n := range 1000 {
			_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: fmt.Sprintf("c%d", n)}, false)
			must(t, err)
		}
		one := domain.Identifier{Type: domain.WechatOpenID, Value: "oX1", Namespace: "wx1"}
		errs := make([]error, 1000)
		var wait sync.WaitGroup
		for n := range errs {
			wait.Go(func() {
				_, errs[n] = f.ChangeCustomer(t.Context(), fmt.Sprintf("c%d", n), app.Change{}, func(c *domain.Customer) error {
					c.Identifiers = []domain.Identifier{one}
					return nil
				})
			})
		}
		wait.Wait()
		var won []string
		for n, err := range errs {
			switch reason := fault.ReasonOf(err); {
			case err == nil:
				won = append(won, fmt.Sprintf("c%d", n))
			case reason != "IDENTIFIER_TAKEN" && reason != "IDENTIFIER_BUSY":
				t.Errorf("c%d: %v", n, err)
			}
		}
		f.settled(t)
		f.consistent(t, one)
		has, err := f.LookupCustomer(t.Context(), one)
		if len(won) != 1 || err != nil || has.ID != won[0] {
			t.Errorf("%q won, and %q has it: %v", won, has.ID, err)
		}
	})
}

// settled sweeps until no claim is pending any more.
func (f *fixture) settled(t *testing.T) {
	t.Helper()
	f.clock.advance(2 * time.Minute)
	must(t, f.Sweep(t.Context()))
}

// Many add identifiers to, and take them from, the same few customers.
func TestIdentifiersUnderContention(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := start(t, e, newClock())
		var mails []domain.Identifier
		for n := range 5 {
			mails = append(mails, email(fmt.Sprintf("m%d@example.com", n)))
		}
		var wait sync.WaitGroup
		for worker := range 8 {
			wait.Go(func() {
				for step := range 6 {
					id, mail := fmt.Sprintf("c%d", (worker+step)%3), mails[(worker*7+step*3)%len(mails)]
					_, err := f.ChangeCustomer(t.Context(), id, app.Change{AllowMissing: true}, func(c *domain.Customer) error {
						kept := slices.DeleteFunc(slices.Clone(c.Identifiers), func(i domain.Identifier) bool { return i == mail })
						if len(kept) == len(c.Identifiers) {
							kept = append(kept, mail)
						}
						c.Identifiers = kept
						return nil
					})
					if reason := fault.ReasonOf(err); err != nil && reason != "IDENTIFIER_TAKEN" && reason != "IDENTIFIER_BUSY" {
						t.Errorf("%s: %v", id, err)
					}
				}
			})
		}
		wait.Wait()
		f.settled(t)
		f.consistent(t, mails...)
	})
}

// Wherever a change breaks off, before or after a write, the sweeper brings
// claims and customers together again, and the change can be made anew.
func TestBrokenOffChanges(t *testing.T) {
	old, kept, added := email("old@example.com"), email("kept@example.com"), email("added@example.com")
	change := func(f *fixture) error {
		_, err := f.ChangeCustomer(context.Background(), "c", app.Change{}, func(c *domain.Customer) error {
			c.Identifiers = []domain.Identifier{kept, added}
			return nil
		})
		return err
	}
	for _, after := range []bool{false, true} {
		for writes, broke := 0, true; broke; writes++ {
			engine := healthy(onPebble(t))
			engine.after = after
			f := start(t, engine, newClock())
			_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: "c", Details: domain.Details{Identifiers: []domain.Identifier{old, kept}}}, false)
			must(t, err)
			engine.left.Store(int64(writes))
			err = change(f)
			if broke = err != nil; broke && !errors.Is(err, errDown) {
				t.Fatalf("after %d writes: %v", writes, err)
			}
			engine.left.Store(1 << 30)
			f = start(t, engine, f.clock)
			f.settled(t)
			f.consistent(t, old, kept, added)
			must(t, change(f))
			f.consistent(t, old, kept, added)
			if writes > 10 {
				t.Fatal("it never succeeds")
			}
		}
	}
}

// A deletion that broke off leaves the customer whole or gone.
func TestBrokenOffDeletions(t *testing.T) {
	mail := email("a@example.com")
	for writes, broke := 0, true; broke; writes++ {
		engine := healthy(onPebble(t))
		f := start(t, engine, newClock())
		_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: "c", Details: domain.Details{Identifiers: []domain.Identifier{mail}}}, false)
		must(t, err)
		engine.left.Store(int64(writes))
		broke = f.DeleteCustomer(t.Context(), "c", anyVersion) != nil
		engine.left.Store(1 << 30)
		f.settled(t)
		f.consistent(t, mail)
		if err := f.DeleteCustomer(t.Context(), "c", anyVersion); err != nil && fault.ReasonOf(err) != "CUSTOMER_NOT_FOUND" {
			t.Fatal(err)
		}
		_, err = f.CreateCustomer(t.Context(), domain.Customer{ID: "d", Details: domain.Details{Identifiers: []domain.Identifier{mail}}}, false)
		must(t, err)
		if writes > 10 {
			t.Fatal("it never succeeds")
		}
	}
}

func anyVersion(int64) error { return nil }

// Who was overtaken leaves no claim behind, without waiting for the sweeper.
func TestOvertakenChangeFreesItsClaims(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: "c"}, false)
	must(t, err)
	first, second := email("first@example.com"), email("second@example.com")
	engine := healthy(f.engine)
	f = start(t, engine, f.clock)
	engine.before["customers"] = func() {
		_, err := f.ChangeCustomer(t.Context(), "c", app.Change{}, func(c *domain.Customer) error { c.City = "深圳"; return nil })
		must(t, err)
	}
	tries := 0
	_, err = f.ChangeCustomer(t.Context(), "c", app.Change{}, func(c *domain.Customer) error {
		tries++
		c.Identifiers = []domain.Identifier{first}
		if tries > 1 {
			c.Identifiers = []domain.Identifier{second}
		}
		return nil
	})
	must(t, err)
	if tries != 2 {
		t.Errorf("tried %d times", tries)
	}
	f.consistent(t, first, second)
}

// Who is held up so long that its claim is swept away, and the identifier given
// to another, does without it.
func TestWriterHeldUpTooLong(t *testing.T) {
	engine := healthy(onPebble(t))
	f := start(t, engine, newClock())
	mail, own := email("a@example.com"), email("own@example.com")
	engine.before["customers"] = func() {
		f.settled(t)
		_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: "quick", Details: domain.Details{Identifiers: []domain.Identifier{mail}}}, false)
		must(t, err)
	}
	_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: "slow", Details: domain.Details{Identifiers: []domain.Identifier{own, mail}}}, false)
	if fault.ReasonOf(err) != "IDENTIFIER_BUSY" {
		t.Errorf("the slow one is told %v", err)
	}
	f.consistent(t, mail, own)
	if c, err := f.LookupCustomer(t.Context(), mail); err != nil || c.ID != "quick" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestIdentifierMovesWithinABatch(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	mail := email("a@example.com")
	upsert := func(customers ...domain.Customer) []string {
		t.Helper()
		outcomes, err := f.UpsertCustomers(t.Context(), customers, domain.Source{})
		must(t, err)
		return told(outcomes)
	}
	with := func(id string, identifiers ...domain.Identifier) domain.Customer {
		return domain.Customer{ID: id, Details: domain.Details{DisplayName: "x", Identifiers: identifiers}}
	}
	steps := []struct {
		customers []domain.Customer
		want      []string
	}{
		{[]domain.Customer{with("a", mail), with("b", mail)}, []string{"created", "IDENTIFIER_TAKEN"}},
		{[]domain.Customer{with("b", mail), with("a")}, []string{"IDENTIFIER_TAKEN", "updated"}},
		{[]domain.Customer{with("b", mail)}, []string{"created"}},
		{[]domain.Customer{with("b"), with("a", mail)}, []string{"updated", "updated"}},
		{[]domain.Customer{with("a", mail), with("b")}, []string{"unchanged", "unchanged"}},
		{[]domain.Customer{with("c"), with("c")}, []string{"created", "DUPLICATE_IN_REQUEST"}},
		{[]domain.Customer{{ID: "a", Version: 99}, {ID: "new", Version: 1}}, []string{"ETAG_MISMATCH", "ETAG_MISMATCH"}},
		{[]domain.Customer{{ID: "a/b"}}, []string{"INVALID_FIELD"}},
	}
	for n, step := range steps {
		if got := upsert(step.customers...); !slices.Equal(got, step.want) {
			t.Fatalf("step %d: %q, want %q", n, got, step.want)
		}
		f.consistent(t, mail)
	}
}

func TestImportedCustomers(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	rows := func(src domain.Source, customers ...domain.Customer) []string {
		t.Helper()
		outcomes, err := f.UpsertCustomers(t.Context(), customers, src)
		must(t, err)
		return told(outcomes)
	}
	first := domain.Source{Import: "one"}
	got := rows(first, domain.Customer{ID: "a", Details: domain.Details{City: "深圳"}, Row: 1}, domain.Customer{ID: "b", Row: 2}, domain.Customer{ID: "a", Details: domain.Details{City: "广州"}, Row: 3})
	if want := []string{"created", "created", "DUPLICATE_IN_FILE"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	if got := rows(first, domain.Customer{ID: "a", Details: domain.Details{City: "深圳"}, Row: 1}); !slices.Equal(got, []string{"created"}) {
		t.Errorf("the same step again: %q", got)
	}
	second := domain.Source{Import: "two"}
	if got := rows(second, domain.Customer{ID: "a", Details: domain.Details{DisplayName: "王芳"}, Row: 1}, domain.Customer{ID: "b", Row: 2}); !slices.Equal(got, []string{"updated", "unchanged"}) {
		t.Errorf("another file: %q", got)
	}
	if got := rows(second, domain.Customer{ID: "a", Details: domain.Details{DisplayName: "王芳"}, Row: 1}); !slices.Equal(got, []string{"updated"}) {
		t.Errorf("its step again: %q", got)
	}
	c, err := f.store.Customers.Get(t.Context(), "a")
	must(t, err)
	if c.City != "深圳" || c.DisplayName != "王芳" {
		t.Errorf("a file of names has left %+v", c)
	}
	dry := domain.Source{Import: "three", ValidateOnly: true}
	got = rows(dry, domain.Customer{ID: "x", Row: 1}, domain.Customer{ID: "x", Row: 2}, domain.Customer{ID: "a", Details: domain.Details{City: "北京"}, Row: 3})
	if want := []string{"created", "DUPLICATE_IN_FILE", "updated"}; !slices.Equal(got, want) {
		t.Errorf("a dry run: %q, want %q", got, want)
	}
	if _, err := f.store.Customers.Get(t.Context(), "x"); fault.ReasonOf(err) != "CUSTOMER_NOT_FOUND" {
		t.Errorf("a dry run has written: %v", err)
	}
}

func TestRepeatedRequest(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := start(t, e, newClock())
		ask := func(name, hash string) (domain.Customer, error) {
			return f.CreateCustomer(t.Context(), domain.Customer{Details: domain.Details{DisplayName: name}, Request: domain.RequestKey{ID: "key", Hash: hash}}, false)
		}
		ids := make([]string, 8)
		var wait sync.WaitGroup
		for n := range ids {
			wait.Go(func() {
				c, err := ask("a", "1")
				if err != nil {
					t.Error(err)
				}
				ids[n] = c.ID
			})
		}
		wait.Wait()
		if len(slices.Compact(ids)) != 1 || len(ids[0]) != 26 {
			t.Errorf("the same request made %q", ids)
		}
		if _, err := ask("b", "2"); fault.ReasonOf(err) != "REQUEST_ID_REUSED" {
			t.Errorf("another customer with the key: %v", err)
		}
		c, err := f.ChangeCustomer(t.Context(), ids[0], app.Change{}, func(c *domain.Customer) error { c.City = "深圳"; return nil })
		must(t, err)
		if again, err := ask("a", "1"); err != nil || again.Version != c.Version {
			t.Errorf("the request once more: %+v, %v", again, err)
		}
	})
}

func TestConcurrentChangesAreAllKept(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: "c"}, false)
	must(t, err)
	const writers = 32
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			_, err := f.ChangeCustomer(t.Context(), "c", app.Change{}, func(c *domain.Customer) error {
				c.DisplayName += "x"
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	c, err := f.store.Customers.Get(t.Context(), "c")
	must(t, err)
	if c.DisplayName != strings.Repeat("x", writers) || c.Version != writers+1 {
		t.Errorf("after %d changes: %q at version %d", writers, c.DisplayName, c.Version)
	}
}
