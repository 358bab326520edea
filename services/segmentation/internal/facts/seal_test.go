package facts_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// witness sees all that is written to an engine.
type witness struct {
	docstore.Engine
	mu     sync.Mutex
	seen   [][]byte
	writes map[string]int // by table
}

func (w *witness) Table(ctx context.Context, l docstore.Layout) (docstore.Table, error) {
	table, err := w.Engine.Table(ctx, l)
	return &witnessed{table, w, l.Name}, err
}

type witnessed struct {
	docstore.Table
	witness *witness
	name    string
}

func (t *witnessed) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	t.witness.mu.Lock()
	for _, w := range writes {
		t.witness.seen = append(t.witness.seen, []byte(w.ID), slices.Clone(w.Doc))
	}
	if t.witness.writes == nil {
		t.witness.writes = map[string]int{}
	}
	t.witness.writes[t.name] += len(writes)
	t.witness.mu.Unlock()
	return t.Table.Write(ctx, writes)
}

func (w *witness) saw(word string) bool {
	return slices.ContainsFunc(w.seen, func(b []byte) bool { return bytes.Contains(b, []byte(word)) })
}

// told is a customer of whom profile tells everything, in words that occur nowhere else.
func told(id string) *facts.Facts {
	at := time.Date(2031, 7, 8, 9, 10, 11, 0, time.UTC)
	return &facts.Facts{Customer: facts.Customer{
		ID: id, Kind: "canary-kind", Gender: "canary-gender", Country: "canary-country", Region: "canary-region", City: "Quetzaltenango",
		Area: "canary-area", Acquisition: "canary-acquisition", BirthDate: facts.Date{Year: 1931, Month: 7, Day: 23},
		Education: "canary-education", Occupation: "canary-occupation", MaritalStatus: "canary-status", IncomeBand: "canary-band",
		Interests: []string{"爱好竹蜻蜓"}, Lifestyles: []string{"canary-style"}, Brands: []string{"canary-brand"}, Channels: []string{"canary-channel"},
		Stage: "canary-stage", StageTime: at, CreateTime: at, LastSeenTime: at, LastViewTime: at, LastSearchTime: at, LastCartTime: at,
		Attributes: map[string]any{"canary-attribute": "canary-value"},
	}, Orders: facts.Orders{Count: 3}}
}

func changeOf(f *facts.Facts) facts.Change {
	return facts.Change{Customer: f.Customer.ID, Facts: f, Parts: facts.AllParts}
}

// What profile tells of a person is nowhere in what is written, is read where it is
// needed, and is gone with the key, back-ups included.
func TestWhatDescribesAPersonIsSealed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		ctx := t.Context()
		seen := &witness{Engine: e}
		s := open(t, seen, newClock().Now)
		put(t, s, changeOf(told("a%!")), changeOf(told("b")), someone("c", ""))
		for _, word := range []string{"canary", "Quetzaltenango", "爱好竹蜻蜓", "birth_date", "attributes"} {
			if seen.saw(word) {
				t.Errorf("%q is written", word)
			}
		}
		if !seen.saw("b") || !seen.saw("orders") {
			t.Error("the test sees nothing")
		}
		before := seen.writes["facts"]
		if changed := put(t, s, changeOf(told("a%!")), changeOf(told("b")), someone("c", "")); len(changed) > 0 || seen.writes["facts"] != before {
			t.Errorf("the same again changes %q, by %d writes", changed, seen.writes["facts"]-before)
		}
		for _, need := range []facts.Part{facts.AllParts, facts.OfOrders, 0} {
			checkNeed(t, s, need, told("a%!"))
		}
		v := vaulttest.On(t, e)
		must(t, v.Destroy(ctx, "b"))
		s = open(t, e, newClock().Now) // a process that has no key in memory
		got, err := s.GetMany(ctx, []string{"b"}, facts.AllParts)
		must(t, err)
		if got[0].Customer.City != "" || got[0].Orders.Count != 3 {
			t.Errorf("without the key there is %+v", got[0])
		}
		equal(t, "told again", put(t, s, changeOf(told("b"))), []string{"b"})
		checkNeed(t, s, facts.AllParts, told("b"))
	})
}

// checkNeed reads a customer in every way.
func checkNeed(t *testing.T, s *facts.Store, need facts.Part, want *facts.Facts) {
	t.Helper()
	if need&facts.OfCustomer == 0 {
		want.Customer = facts.Customer{ID: want.Customer.ID}
	}
	if need&facts.OfOrders == 0 {
		want.Orders = facts.Orders{}
	}
	found, err := s.GetMany(t.Context(), []string{want.Customer.ID}, need)
	must(t, err)
	same(t, "got", found[0], want)
	sample, _, _, err := s.Sample(t.Context(), 10, need)
	must(t, err)
	at := slices.IndexFunc(sample, func(f *facts.Facts) bool { return f.Customer.ID == want.Customer.ID })
	same(t, "sampled", sample[at], want)
	for f, err := range s.Scan(t.Context(), "", "", need) {
		must(t, err)
		if f.Customer.ID == want.Customer.ID {
			same(t, "scanned", f, want)
		}
	}
}

// Whoever goes loses the key, many at a time, but for those who were merged, whose
// moves are still told of, and those who came back.
func TestKeysGoWithTheCustomers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		ctx := t.Context()
		v := vaulttest.On(t, e)
		s := open(t, e, newClock().Now)
		box := map[string][]byte{}
		for _, id := range []string{"deleted", "objected", "merged", "back", "erased", "stays"} {
			put(t, s, someone(id, "Lyon"))
			var err error
			box[id], err = v.Seal(ctx, id, "elsewhere", []byte(id))
			must(t, err)
		}
		put(t, s, facts.Change{Customer: "deleted"}, facts.Change{Customer: "objected", Cause: facts.Cause{Kind: facts.Objected}},
			facts.Change{Customer: "merged", Cause: facts.Cause{Kind: facts.Merged, Detail: "stays"}}, facts.Change{Customer: "back"}, facts.Change{Customer: "erased"})
		put(t, s, someone("back", "Nice"))
		_, err := s.Erase(ctx, []string{"erased"})
		must(t, err)
		readable := func() (ids []string) {
			fresh := vaulttest.On(t, e)
			for id, content := range box {
				if _, err := fresh.Open(ctx, id, "elsewhere", content); err == nil {
					ids = append(ids, id)
				}
			}
			slices.Sort(ids)
			return ids
		}
		equal(t, "before", readable(), []string{"back", "deleted", "merged", "objected", "stays"})
		for range 2 {
			must(t, s.DestroyKeys(ctx))
			equal(t, "after", readable(), []string{"back", "merged", "stays"})
		}
		got, err := s.GetMany(ctx, []string{"back"}, facts.AllParts)
		must(t, err)
		equal(t, "who came back", got[0].Customer.City, "Nice")
	})
}

// Names of facts are parted by whether they describe the person.
func TestPartedNames(t *testing.T) {
	open, own := facts.Parted([]string{"customer.id", "customer.city", "attributes.tier", "behavior.last_view_time", "orders.count", "lists.vip", "rfm.cell", "gone"})
	equal(t, "open", open, []string{"customer.id", "orders.count", "lists.vip", "rfm.cell", "gone"})
	equal(t, "own", own, []string{"customer.city", "attributes.tier", "behavior.last_view_time"})
	for _, f := range facts.Fields {
		if f.Section == facts.FromProfile && f.Name != "customer.id" && facts.PartsOf([]string{f.Name}) != facts.OfCustomer {
			t.Errorf("%s is not sealed", f.Name)
		}
		if strings.HasPrefix(f.Name, "customer.") && f.Section != facts.FromProfile {
			t.Errorf("%s is of %s", f.Name, f.Section)
		}
	}
	equal(t, "parts", fmt.Sprint(facts.PartsOf([]string{"orders.count", "revenue", "rfm.cell", "feedback.responses", "referral.referees"})),
		fmt.Sprint(facts.AllParts&^facts.OfCustomer))
}

// unsealed is a record as an earlier layout had it.
type unsealed struct {
	docstore.Meta `bson:",inline"`
	Customer      map[string]string `bson:"customer"`
	Orders        map[string]int64  `bson:"orders"`
}

// Of what is stored without being sealed nothing is known, until it is told again.
func TestUnsealedFactsAreNotKnown(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		old, err := docstore.Open(t.Context(), e, docstore.Schema[unsealed]{Name: "facts"})
		must(t, err)
		must(t, old.Insert(t.Context(), &unsealed{docstore.Meta{ID: "b"}, map[string]string{"city": "Quetzaltenango"}, map[string]int64{"count": 3}}))
		s := open(t, e, newClock().Now)
		got, err := s.GetMany(t.Context(), []string{"b"}, facts.AllParts)
		must(t, err)
		if got[0].Customer.City != "" || got[0].Orders.Count != 3 {
			t.Errorf("it is read as %+v", got[0])
		}
		equal(t, "told again", put(t, s, changeOf(told("b"))), []string{"b"})
		checkNeed(t, s, facts.AllParts, told("b"))
		stored, err := old.Get(t.Context(), "b")
		if err == nil && stored.Customer != nil {
			t.Errorf("left is %v", stored.Customer)
		}
	})
}
