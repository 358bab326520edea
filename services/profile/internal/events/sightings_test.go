package events

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/updates"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// known are customers of whom nothing but their ids matters.
type known map[string]bool

func (k known) WithCustomers(_ context.Context, ids iter.Seq[string], work func() error) error {
	for id := range ids {
		k[id] = true
	}
	return work()
}

func (k known) ChangeCustomer(context.Context, string, app.Change, func(*domain.Customer) error) (domain.Customer, error) {
	return domain.Customer{}, nil
}

func (k known) CustomerWith(_ context.Context, by domain.Identifier) (string, error) {
	return by.Value, nil
}

func (k known) Known(_ context.Context, id string) (bool, error) { return k[id], nil }

// Who was seen is told of once after each mark; who is gone meanwhile is not, and of
// who is erased nothing stays.
func TestSightings(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		clock := noon
		now := func() time.Time { return clock }
		s, err := OpenStore(t.Context(), engine, openVault(t), merged(nil), now)
		must(t, err)
		customers := known{}
		r := NewRecorder(s, customers, nil, now)
		feed := updates.New("test", now, s.Updates())
		start, err := feed.Read(t.Context(), "", 10)
		must(t, err)
		cursor := start.Next
		told := func(what string, want ...string) {
			t.Helper()
			must(t, r.Mark(t.Context()))
			clock = clock.Add(time.Minute)
			page, err := feed.Read(t.Context(), cursor, 10)
			must(t, err)
			cursor = page.Next
			slices.Sort(page.Customers)
			if !slices.Equal(page.Customers, want) {
				t.Errorf("%s: told %q, want %q", what, page.Customers, want)
			}
		}
		n := 0
		did := func(who ...Identity) {
			t.Helper()
			items := make([]Item, len(who))
			for i, one := range who {
				n++
				items[i] = Item{Event: Event{Sender: one, ID: fmt.Sprint(n), Type: Page, Original: clock}}
			}
			_, err := r.Ingest(t.Context(), items, false)
			must(t, err)
		}
		did(Customer("ann"), Customer("ann"), Customer("客户"), Visitor("v"))
		told("events", "ann", "客户")
		told("nothing")
		_, err = r.Ingest(t.Context(), []Item{{Event: Event{Sender: Customer("bob"), ID: "i", Type: Identify}}}, true)
		must(t, err)
		told("what was only checked")
		_, err = s.Bind(t.Context(), Link{Visitor: "v", Customer: "ann", At: clock})
		must(t, err)
		_, err = s.Bind(t.Context(), Link{Visitor: "v", Customer: "ann", At: clock})
		must(t, err)
		told("a link", "ann")
		did(Visitor("v"), Visitor("w"))
		told("visitors", "ann")
		did(Customer("ann"), Customer("bob"))
		delete(customers, "bob")
		told("who is gone meanwhile", "ann")
		did(Customer("ann"), Visitor("v"))
		must(t, s.Erase(t.Context(), "ann"))
		told("who is erased")
		for entry, err := range s.sightings.ScanRaw(t.Context(), docstore.Range{}) {
			must(t, err)
			if entry.ID != docstore.ID("客户") {
				t.Errorf("kept: %s", entry.ID)
			}
		}
	})
}
