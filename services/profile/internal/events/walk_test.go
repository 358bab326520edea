package events

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// world is a store and all that is in it.
type world struct {
	store  *Store
	family family
	events []*Event
	links  map[string]string // customer by visitor
}

// people are ids that an order of bytes could mistake for one another.
var people = []string{"a", "a!1", "a-b", "a.b", "客户", "😀", "z", "Z", "0", "a b"}

// fill makes a world from a seed.
func fill(t *testing.T, engine docstore.Engine, seed uint64) *world {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &world{family: merged(map[string][]string{"z": {"a"}, "nobody": {"a-b", "0"}}), links: map[string]string{}}
	var err error
	w.store, err = OpenStore(t.Context(), engine, openVault(t), w.family, clock)
	must(t, err)
	for n := range 400 {
		sender := Customer(people[rng.IntN(len(people))])
		if rng.IntN(3) == 0 {
			sender = Visitor(fmt.Sprintf("v%d", rng.IntN(12)))
		}
		e := &Event{
			Sender: sender, ID: fmt.Sprintf("m%d", n), Type: Types[rng.IntN(4)], Name: fmt.Sprint("name ", rng.IntN(3)),
			Original: noon.Add(-time.Duration(rng.IntN(100)) * time.Minute), Received: noon,
		}
		must(t, e.Settle())
		must(t, e.SetContent(&Content{Properties: map[string]any{"n": float64(n)}}))
		w.events = append(w.events, e)
	}
	_, err = w.store.Write(t.Context(), w.events)
	must(t, err)
	for n := range 10 {
		id, customer := fmt.Sprintf("v%d", n), []string{"a", "z", "quiet", "客户"}[rng.IntN(4)]
		w.links[id] = customer
		_, err := w.store.Bind(t.Context(), Link{Visitor: id, Customer: customer, At: noon})
		must(t, err)
	}
	return w
}

// of is what the events of a customer are, by the definition.
func (w *world) of(customer string, keep func(*Event) bool) []*Event {
	_, members, _ := w.family.Members(context.Background(), customer)
	var all []*Event
	for _, e := range w.events {
		whose := e.Sender.ID
		if e.Sender.Visitor {
			whose = w.links[e.Sender.ID]
		}
		if slices.Contains(members, whose) && keep(e) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(documentID(a.Sender, a.ID), documentID(b.Sender, b.ID)))
	})
	return all
}

func ids(events []*Event) (all []string) {
	for _, e := range events {
		all = append(all, e.Sender.String()+" "+e.ID)
	}
	return all
}

func TestWalk(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		w := fill(t, engine, 1)
		roots := map[string]bool{"nobody": true, "quiet": true}
		for _, p := range people {
			root, _, _ := w.family.Members(t.Context(), p)
			roots[root] = true
		}
		want := map[string][]*Event{}
		for root := range roots {
			if events := w.of(root, func(*Event) bool { return true }); len(events) > 0 {
				want[root] = events
			}
		}
		for _, span := range []Span{{}, {From: "a"}, {To: "a.b"}, {From: "a-b", To: "z"}, {From: "客户"}, {From: "q", To: "q"}} {
			met, last := 0, ""
			for one, err := range w.store.Walk(t.Context(), span, true) {
				must(t, err)
				key := docstore.ID(one.Customer)
				if key <= last && last != "" {
					t.Fatalf("%q after %q", key, last)
				}
				last, met = key, met+1
				if got, want := ids(one.Events), ids(want[one.Customer]); !slices.Equal(got, want) {
					t.Fatalf("%+v: events of %s\n got %q\nwant %q", span, one.Customer, got, want)
				}
				checkContents(t, one.Events)
			}
			expected := 0
			for id := range want {
				if key := docstore.ID(id); key >= docstore.ID(span.From) && (span.To == "" || key < docstore.ID(span.To)) {
					expected++
				}
			}
			if met != expected {
				t.Errorf("%+v: %d customers, want %d", span, met, expected)
			}
		}
	})
}

// checkContents checks that each event came with its own content.
func checkContents(t *testing.T, events []*Event) {
	t.Helper()
	for _, e := range events {
		c, err := e.Content(t.Context())
		must(t, err)
		if got := fmt.Sprintf("m%v", c.Properties["n"]); got != e.ID {
			t.Fatalf("event %s has the content of %s", e.ID, got)
		}
	}
}

// A timeline read page by page is the whole, whatever the page size, order and
// filter.
func TestTimelinePages(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		w := fill(t, engine, 2)
		for _, customer := range []string{"z", "a", "客户", "nobody", "quiet", "a!1"} {
			_, senders, err := w.store.senders(t.Context(), customer)
			must(t, err)
			for _, q := range []Query{
				{}, {Newest: true}, {Types: []Type{Page, Screen}}, {Types: []Type{View, Page}, Newest: true},
				{From: noon.Add(-time.Hour), To: noon.Add(-20 * time.Minute)}, {Types: []Type{Click}, To: noon.Add(-time.Hour), Newest: true},
			} {
				want := w.of(customer, func(e *Event) bool {
					return (len(q.Types) == 0 || slices.Contains(q.Types, e.Type)) && !e.Time.Before(q.From) && (q.To.IsZero() || e.Time.Before(q.To))
				})
				if q.Newest {
					slices.Reverse(want)
				}
				for _, q.Limit = range []int{0, 5, 17} {
					if got := w.pages(t, senders, q); !slices.Equal(got, ids(want)) {
						t.Fatalf("%s, %+v:\n got %q\nwant %q", customer, q, got, ids(want))
					}
				}
			}
		}
	})
}

func (w *world) pages(t *testing.T, senders []Identity, q Query) (all []string) {
	t.Helper()
	for {
		n := 0
		for e, err := range w.store.Timeline(t.Context(), senders, q) {
			must(t, err)
			at := e.position()
			q.After, n = &at, n+1
			all = append(all, ids([]*Event{e})...)
		}
		if q.Limit == 0 || n == 0 {
			return all
		}
	}
}
