package app_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// bought is an order of someone of whom only an identifier is known.
func (f *fixture) bought(t *testing.T, by domain.Identifier, id string) domain.Order {
	t.Helper()
	pseudonym, err := f.Pseudonym(by)
	must(t, err)
	o := f.order(pseudonym, id, 100)
	o.Buyer = by
	return o
}

// An order that tells its buyer by a phone number or an e-mail address goes to the
// customer who has it, and where nobody has, to one that is found by it.
func TestBuyersByIdentifier(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := start(t, e, newClock())
		src := domain.Source{Import: "i"}
		_, err := f.UpsertCustomers(t.Context(), []domain.Customer{{ID: "member", Details: domain.Details{Identifiers: []domain.Identifier{email("m@example.com")}}}}, domain.Source{})
		must(t, err)
		dry := f.record(t, domain.Source{Import: "i", ValidateOnly: true}, f.bought(t, email("new@example.com"), "1"))
		if _, err := f.LookupCustomer(t.Context(), email("new@example.com")); fault.ReasonOf(err) != "CUSTOMER_NOT_FOUND" || !slices.Equal(dry, []string{"created"}) {
			t.Fatalf("a dry run made %v, %v", dry, err)
		}
		orders := []domain.Order{
			f.bought(t, email("m@example.com"), "1"), f.bought(t, email("new@example.com"), "2"),
			f.bought(t, email("new@example.com"), "3"), f.order("plain", "4", 1),
		}
		for i := range orders {
			orders[i].Row = int64(i + 1)
		}
		if got := f.record(t, src, orders...); !slices.Equal(got, []string{"created", "created", "created", "created"}) {
			t.Fatal(got)
		}
		found, err := f.LookupCustomer(t.Context(), email("new@example.com"))
		must(t, err)
		if !strings.HasPrefix(found.ID, "p-") || strings.Contains(found.ID, "new") {
			t.Errorf("the new buyer is %q", found.ID)
		}
		for id, customer := range map[string]string{"1": "member", "2": found.ID, "3": found.ID, "4": "plain"} {
			if _, err := f.store.Orders.Get(t.Context(), customer, id); err != nil {
				t.Errorf("order %s of %s: %v", id, customer, err)
			}
		}
		f.consistent(t, email("m@example.com"), email("new@example.com"))

		// Another file tells the same.
		if got := f.record(t, domain.Source{Import: "j"}, orders...); !slices.Equal(got, []string{"unchanged", "unchanged", "unchanged", "unchanged"}) {
			t.Errorf("again: %v", got)
		}
		// The identifier goes to a member, and later orders with it.
		_, err = f.ChangeCustomer(t.Context(), found.ID, app.Change{}, func(c *domain.Customer) error { c.Identifiers = nil; return nil })
		must(t, err)
		_, err = f.ChangeCustomer(t.Context(), "member", app.Change{}, func(c *domain.Customer) error {
			c.Identifiers = append(c.Identifiers, email("new@example.com"))
			return nil
		})
		must(t, err)
		f.record(t, domain.Source{Import: "k"}, f.bought(t, email("new@example.com"), "5"))
		if _, err := f.store.Orders.Get(t.Context(), "member", "5"); err != nil {
			t.Errorf("after the identifier has moved: %v", err)
		}
		// And comes back to one that is there without it.
		_, err = f.ChangeCustomer(t.Context(), "member", app.Change{}, func(c *domain.Customer) error { c.Identifiers = nil; return nil })
		must(t, err)
		f.record(t, domain.Source{Import: "l"}, f.bought(t, email("new@example.com"), "6"))
		if _, err := f.store.Orders.Get(t.Context(), found.ID, "6"); err != nil {
			t.Errorf("after the identifier was given up: %v", err)
		}
		f.consistent(t, email("m@example.com"), email("new@example.com"))
	})
}

// Several files with the same buyers, recorded at once by several processes while
// members claim the same identifiers, leave each identifier with one customer, and
// no order is lost.
func TestBuyersUnderContention(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		const buyers, writers = 40, 4
		clock := newClock()
		var all []domain.Identifier
		for i := range buyers {
			all = append(all, email(fmt.Sprintf("b%d@example.com", i)))
		}
		var group sync.WaitGroup
		for w := range writers {
			f := start(t, e, clock)
			group.Go(func() {
				if w == 0 {
					for i := 0; i < buyers; i += 4 {
						_, _ = f.CreateCustomer(t.Context(), domain.Customer{ID: fmt.Sprintf("m%d", i), Details: domain.Details{Identifiers: []domain.Identifier{all[i]}}}, false)
					}
					return
				}
				orders := make([]domain.Order, buyers)
				for i := range orders {
					orders[i] = f.bought(t, all[i], fmt.Sprintf("o%d-%d", w, i))
				}
				outcomes, err := f.RecordOrders(t.Context(), orders, domain.Source{})
				if err != nil || slices.ContainsFunc(outcomes, func(o app.Outcome) bool { return o.Effect != app.Created }) {
					t.Errorf("writer %d: %v, %v", w, told(outcomes), err)
				}
			})
		}
		group.Wait()
		f := start(t, e, clock)
		f.consistent(t, all...)
		for i, by := range all {
			owner, err := f.LookupCustomer(t.Context(), by)
			must(t, err)
			for w := 1; w < writers; w++ {
				if _, err := f.store.Orders.Get(t.Context(), owner.ID, fmt.Sprintf("o%d-%d", w, i)); err != nil {
					t.Errorf("buyer %d, whom %s is: %v", i, owner.ID, err)
				}
			}
		}
	})
}
