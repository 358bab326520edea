package facts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/docstore/storetest"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// failing is an engine that cannot write facts.
type failing struct{ docstore.Engine }

type readOnly struct{ docstore.Table }

func (readOnly) Write(context.Context, []docstore.Write) ([]error, error) {
	return nil, errors.New("the disk is full")
}

func (f failing) Table(ctx context.Context, l docstore.Layout) (docstore.Table, error) {
	table, err := f.Engine.Table(ctx, l)
	if l.Name == "facts" {
		return readOnly{table}, err
	}
	return table, err
}

// model is what a reader of the work believes of each customer.
type model struct {
	t        *rapid.T
	line     *storetest.Faulty
	store    *facts.Store
	clock    *clock
	believed map[string]string
}

var people = []string{"a", "b", "c", "d"}

// TestNobodyIsForgotten lets writes fail at random while facts change, and looks
// at those alone who are due: in the end it knows of everybody what is stored.
// The kept number is that of the records all the while.
func TestNobodyIsForgotten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 18})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = e.Close() }()
		m := &model{t: t, line: &storetest.Faulty{Engine: e}, clock: newClock(), believed: map[string]string{}}
		m.open()
		t.Repeat(map[string]func(*rapid.T){
			"put":   m.put,
			"list":  m.list,
			"erase": m.erase,
			"look":  func(*rapid.T) { m.look() },
			"open":  func(*rapid.T) { m.open() },
			"":      func(*rapid.T) { m.count() },
		})
		m.line.LoseAnswers(0)
		m.line.LoseRequests(0)
		m.clock.advance(time.Minute)
		m.look()
		if got, want := fmt.Sprint(m.believed), fmt.Sprint(m.stored()); got != want {
			t.Fatalf("believed %s, stored %s", got, want)
		}
	})
}

func (m *model) open() {
	var err error
	if m.store, err = facts.Open(context.Background(), m.line, vaulttest.On(m.t, m.line), m.clock.Now); err != nil {
		m.t.Fatal(err)
	}
}

// weather lets some writes to come fail.
func (m *model) weather(t *rapid.T) {
	m.line.LoseAnswers(0)
	m.line.LoseRequests(0)
	switch rapid.IntRange(0, 3).Draw(t, "weather") {
	case 0:
		m.line.LoseAnswers(rapid.IntRange(1, 4).Draw(t, "answers"))
	case 1:
		m.line.LoseRequests(rapid.IntRange(1, 4).Draw(t, "requests"))
	}
}

func (m *model) put(t *rapid.T) {
	var changes []facts.Change
	for range rapid.IntRange(1, 4).Draw(t, "changes") {
		c := someone(rapid.SampledFrom(people).Draw(t, "who"), rapid.SampledFrom([]string{"Lyon", "Nice"}).Draw(t, "where"))
		if rapid.IntRange(0, 3).Draw(t, "gone") == 0 {
			c.Facts = nil
			if rapid.Bool().Draw(t, "merged") {
				c.Cause = facts.Cause{Kind: facts.Merged, Detail: rapid.SampledFrom(people).Draw(t, "into")}
			}
		}
		changes = append(changes, c)
	}
	m.weather(t)
	_, _ = m.store.Put(context.Background(), changes)
}

func (m *model) list(t *rapid.T) {
	m.weather(t)
	customers := rapid.SliceOfN(rapid.SampledFrom(people), 1, 3).Draw(t, "who")
	if rapid.Bool().Draw(t, "add") {
		_, _ = m.store.AddToList(context.Background(), "vip", customers)
	} else {
		_, _ = m.store.RemoveFromList(context.Background(), "vip", customers)
	}
}

// erase erases one, of whom then nothing is believed.
func (m *model) erase(t *rapid.T) {
	m.weather(t)
	who := rapid.SampledFrom(people).Draw(t, "who")
	for {
		if _, err := m.store.Erase(context.Background(), []string{who}); err == nil {
			break
		}
	}
	delete(m.believed, who)
}

// look reads those who are due.
func (m *model) look() {
	ctx := context.Background()
	due, err := m.store.Touched.Take(ctx, 100)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, w := range due {
		now, err := m.store.GetMany(ctx, w.Customers, facts.AllParts)
		if err != nil {
			m.t.Fatal(err)
		}
		for i, f := range now {
			delete(m.believed, w.Customers[i])
			if f != nil {
				m.believed[w.Customers[i]] = fmt.Sprint(f.Customer.City, f.Lists)
			}
		}
		if err := m.store.Touched.Done(ctx, []string{w.ID}); err != nil {
			m.t.Fatal(err)
		}
	}
}

func (m *model) stored() map[string]string {
	all := map[string]string{}
	for f, err := range m.store.Scan(context.Background(), "", "", facts.AllParts) {
		if err != nil {
			m.t.Fatal(err)
		}
		all[f.Customer.ID] = fmt.Sprint(f.Customer.City, slices.Clone(f.Lists))
	}
	return all
}

func (m *model) count() {
	n, err := m.store.Count(context.Background())
	if err != nil {
		m.t.Fatal(err)
	}
	if want := len(m.stored()); n != int64(want) {
		m.t.Fatalf("%d are counted, there are %d", n, want)
	}
}
