package feeds_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/feeds"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// world follows a shop.
type world struct {
	t interface {
		Helper()
		Fatalf(string, ...any)
		Fatal(...any)
	}
	shop   *shop
	engine docstore.Engine
	facts  *facts.Store
	feeds  *feeds.Feeds
	cfg    feeds.Config
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return openWorld(t, t.Cleanup)
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
	Fatal(...any)
}

func openWorld(t fataler, cleanup func(func())) *world {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 18})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(func() { _ = e.Close() })
	w := &world{t: t, shop: newShop(), engine: e, cfg: feeds.Config{Walk: 2}}
	w.restart()
	return w
}

// restart is a new process on the same store.
func (w *world) restart() {
	w.t.Helper()
	now := func() time.Time { return w.shop.now }
	var err error
	if w.facts, err = facts.Open(context.Background(), w.engine, vaulttest.On(w.t, w.engine), now); err != nil {
		w.t.Fatal(err)
	}
	if w.feeds, err = feeds.Open(context.Background(), w.engine, w.shop, w.shop, w.facts, w.cfg, now, nil); err != nil {
		w.t.Fatal(err)
	}
}

// follow follows until there is no more.
func (w *world) follow() {
	w.t.Helper()
	for range 1000 {
		more, err := w.feeds.Follow(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		if !more {
			return
		}
	}
	w.t.Fatal("following comes to no end")
}

// stored are the facts as they are stored, one line each.
func (w *world) stored() (lines []string) {
	w.t.Helper()
	for f, err := range w.facts.Scan(context.Background(), "", "", facts.AllParts) {
		if err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %s orders %d answers %d invitations %d value %d of edition %d",
			f.Customer.ID, f.Customer.City, f.Orders.Count, f.Feedback.Responses, f.Referral.Invitations, f.Value.Historic.Minor, f.Edition))
	}
	return lines
}

func (w *world) want(lines ...string) {
	w.t.Helper()
	if got := w.stored(); !slices.Equal(got, lines) {
		w.t.Fatalf("stored:\n%q\nwant:\n%q", got, lines)
	}
}

func (s *shop) add(id, city string) {
	s.city[id] = city
	s.tell(peers.Profile, id)
}

func (w *world) causes() (all []string) {
	w.t.Helper()
	due, err := w.facts.Touched.Take(context.Background(), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range due {
		all = append(all, fmt.Sprint(d.Cause, d.Customers))
		if err := w.facts.Touched.Done(context.Background(), []string{d.ID}); err != nil {
			w.t.Fatal(err)
		}
	}
	slices.Sort(all)
	return all
}

func (w *world) state(service string) feeds.State {
	w.t.Helper()
	all, err := w.feeds.States(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return all[slices.IndexFunc(all, func(s feeds.State) bool { return s.Service == service })]
}

func TestFactsFollowTheServices(t *testing.T) {
	w := newWorld(t)
	s := w.shop
	s.add("a", "Lyon")
	s.add("b", "Nice")
	s.orders["a"], s.answers["b"], s.brought["a"], s.values["a"] = 2, 1, 3, 500
	s.edition = peers.Edition{Generation: 1, AsOf: s.now}
	w.follow()
	w.want("a Lyon orders 2 answers 0 invitations 3 value 500 of edition 1", "b Nice orders 0 answers 1 invitations 0 value 0 of edition 1")
	w.causes()

	s.orders["a"]++
	s.tell(peers.Profile, "a")
	s.answers["b"]++
	s.tell(peers.Feedback, "b")
	s.now = s.now.Add(time.Minute)
	before := s.asksAnew
	w.restart()
	w.follow()
	w.want("a Lyon orders 3 answers 0 invitations 3 value 500 of edition 1", "b Nice orders 0 answers 2 invitations 0 value 0 of edition 1")
	if got := w.causes(); !slices.Equal(got, []string{"{FEEDBACK } [b]", "{ORDERS } [a]"}) {
		t.Errorf("causes: %v", got)
	}
	if s.asksAnew != before {
		t.Errorf("%d customers were read anew for two that changed", s.asksAnew-before)
	}
	s.edition, s.values = peers.Edition{Generation: 2, AsOf: s.now}, map[string]int64{"b": 7}
	w.follow()
	w.want("a Lyon orders 3 answers 0 invitations 3 value 0 of edition 2", "b Nice orders 0 answers 2 invitations 0 value 7 of edition 2")
	if st := w.state(peers.Valuation); !st.AsOf.Equal(s.edition.AsOf) || !st.SyncedTo.Equal(s.now) {
		t.Errorf("valuation: %+v", st)
	}
}

func TestWhoIsGoneIsRemovedWithTheCause(t *testing.T) {
	w := newWorld(t)
	s := w.shop
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		s.add(id, "Lyon")
	}
	s.answers["b"], s.answers["c"] = 1, 2
	w.follow()
	if _, err := w.facts.AddToList(t.Context(), "vip", []string{"b"}); err != nil {
		t.Fatal(err)
	}
	w.causes()
	s.into["b"] = "c"
	s.tell(peers.Profile, "b", "c")
	s.objects["d"] = true
	s.tell(peers.Profile, "d")
	delete(s.city, "e")
	s.tell(peers.Profile, "e")
	s.now = s.now.Add(time.Minute)
	w.follow()
	w.want("a Lyon orders 0 answers 0 invitations 0 value 0 of edition 0", "c Lyon orders 0 answers 3 invitations 0 value 0 of edition 0")
	if got := w.causes(); !slices.Equal(got, []string{"{DELETED } [e]", "{FEEDBACK } [c]", "{LIST vip} [c]", "{MERGED c} [b]", "{OBJECTED } [d]"}) {
		t.Errorf("causes: %v", got)
	}
	s.into = map[string]string{}
	s.tell(peers.Profile, "b", "c")
	s.objects = map[string]bool{}
	s.tell(peers.Profile, "d")
	s.now = s.now.Add(time.Minute)
	w.follow()
	if got := len(w.stored()); got != 4 {
		t.Errorf("%d are back: %q", got, w.stored())
	}
}

func TestAServiceThatIsDownLeavesItsFacts(t *testing.T) {
	w := newWorld(t)
	s := w.shop
	s.absent[peers.Referral] = true
	s.add("a", "Lyon")
	s.answers["a"] = 1
	w.follow()
	synced := w.state(peers.Profile).SyncedTo
	s.down[peers.Feedback], s.down[peers.Valuation] = true, true
	s.city["a"] = "Nice"
	s.add("b", "Lyon")
	s.tell(peers.Profile, "a")
	s.answers["b"] = 5
	s.now = s.now.Add(time.Minute)
	w.follow()
	w.want("a Nice orders 0 answers 1 invitations 0 value 0 of edition 0", "b Lyon orders 0 answers 0 invitations 0 value 0 of edition 0")
	if st := w.state(peers.Feedback); st.Reason == "" || !st.SyncedTo.Equal(synced) || !st.Configured {
		t.Errorf("feedback, down and in debt: %+v", st)
	}
	if st := w.state(peers.Referral); st.Configured || st.Reason != "" {
		t.Errorf("referral, not installed: %+v", st)
	}
	s.down = map[string]bool{}
	s.add("c", "Lyon")
	if _, err := w.feeds.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := w.state(peers.Feedback); st.Reason != "" || !st.Anew || !st.SyncedTo.Equal(synced) {
		t.Errorf("feedback, back and reading what it owes: %+v", st)
	}
	w.follow()
	w.want("a Nice orders 0 answers 1 invitations 0 value 0 of edition 0", "b Lyon orders 0 answers 5 invitations 0 value 0 of edition 0")
	if st := w.state(peers.Feedback); st.Reason != "" || !st.SyncedTo.After(synced) {
		t.Errorf("feedback, back: %+v", st)
	}
	s.down[peers.Profile] = true
	if _, err := w.feeds.Follow(t.Context()); err == nil {
		t.Error("nobody hears that profile is down")
	}
	if got := len(w.stored()); got != 2 || w.state(peers.Profile).Reason == "" {
		t.Errorf("%d stored, profile %+v", got, w.state(peers.Profile))
	}
}

func TestCatchingUpHoldsWhatWasAcknowledged(t *testing.T) {
	w := newWorld(t)
	s := w.shop
	s.add("a", "Lyon")
	s.edition = peers.Edition{Generation: 3, AsOf: s.now}
	s.values["a"] = 9
	if err := w.feeds.CatchUp(t.Context(), s.now); err != nil {
		t.Fatal(err)
	}
	w.want("a Lyon orders 0 answers 0 invitations 0 value 9 of edition 3")
	s.add("b", "Nice") // not told for ten seconds
	s.answers["a"] = 4
	s.tell(peers.Feedback, "a")
	if err := w.feeds.CatchUp(t.Context(), s.now); err != nil {
		t.Fatal(err)
	}
	w.want("a Lyon orders 0 answers 4 invitations 0 value 9 of edition 3", "b Nice orders 0 answers 0 invitations 0 value 0 of edition 3")
	if st := w.state(peers.Profile); st.SyncedTo.Before(s.now) || st.Anew {
		t.Errorf("profile: %+v at %v", st, s.now)
	}
	// Of a large base the feeds are waited for.
	w.cfg.Small = 1
	w.restart()
	s.add("c", "Nice")
	at := s.now
	s.now = s.now.Add(time.Minute)
	anew := s.asksAnew
	if err := w.feeds.CatchUp(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	if len(w.stored()) != 3 || s.asksAnew != anew {
		t.Errorf("stored %q, %d read anew", w.stored(), s.asksAnew-anew)
	}
}

// A service whose clock is behind is not waited for without end: the worker that waits
// keeps everybody waiting.
func TestCatchingUpEnds(t *testing.T) {
	w := newWorld(t)
	w.shop.add("a", "Lyon")
	w.shop.add("b", "Lyon")
	w.follow()
	w.cfg.Small, w.cfg.Patience = 1, time.Second
	w.restart()
	err := w.feeds.CatchUp(t.Context(), w.shop.now.Add(time.Hour))
	if fault.KindOf(err) != fault.Unavailable || fault.ReasonOf(err) != "FACTS_BEHIND" {
		t.Fatalf("it ends with %v", err)
	}
}

func TestExpiredCursorsAndNewTermsReadEverythingAnew(t *testing.T) {
	w := newWorld(t)
	s := w.shop
	s.add("a", "Lyon")
	s.add("b", "Lyon")
	w.follow()
	delete(s.city, "a")
	s.city["b"], s.answers["b"] = "Nice", 2 // nobody is told
	s.epoch[peers.Profile]++
	s.epoch[peers.Feedback]++
	w.follow()
	w.want("b Nice orders 0 answers 2 invitations 0 value 0 of edition 0")
	s.city["b"] = "Lyon"
	s.terms = "others"
	w.follow()
	w.want("b Lyon orders 0 answers 2 invitations 0 value 0 of edition 0")
	s.city["b"] = "Nice"
	s.now = s.now.Add(25 * time.Hour)
	w.follow()
	w.want("b Nice orders 0 answers 2 invitations 0 value 0 of edition 0")
}
