package feeds_test

import (
	"context"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/feeds"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// A service is read once everybody has been met, and what comes late afterwards does not
// make it unread.
func TestReadIsOfEverybody(t *testing.T) {
	w := newWorld(t)
	s := w.shop
	s.absent[peers.Referral] = true
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		s.add(id, "Lyon")
	}
	read := func() (of string) {
		t.Helper()
		for _, service := range feeds.Services {
			is, err := w.feeds.Read(t.Context(), service)
			if err != nil {
				t.Fatal(err)
			}
			if is {
				of += service + " "
			}
		}
		return of
	}
	if _, err := w.feeds.Follow(t.Context()); err != nil { // the first two
		t.Fatal(err)
	}
	s.down[peers.Feedback] = true
	w.follow()
	if got := read(); got != "profile referral " {
		t.Errorf("with feedback down in the middle, and nothing valued: read %q", got)
	}
	s.down[peers.Feedback] = false
	s.edition = peers.Edition{Generation: 1, AsOf: s.now}
	w.follow()
	if got := read(); got != "profile valuation feedback referral " {
		t.Errorf("at last: read %q", got)
	}
	s.down[peers.Feedback], s.down[peers.Valuation] = true, true
	s.add("f", "Lyon")
	s.now = s.now.Add(time.Minute)
	w.follow()
	if got := read(); got != "profile valuation feedback referral " {
		t.Errorf("down again: read %q", got)
	}
}

// late is a shop whose first answer comes only after something else has happened.
type late struct {
	*shop
	meanwhile func()
}

func (l *late) Updated(ctx context.Context, service, cursor string) (peers.Updates, error) {
	told, err := l.shop.Updated(ctx, service, cursor)
	if service == peers.Feedback && l.meanwhile != nil {
		happen := l.meanwhile
		l.meanwhile = nil
		happen()
	}
	return told, err
}

// A worker that was held up while another took over does not write how far it was.
func TestALateWorkerTakesNothingBack(t *testing.T) {
	w := newWorld(t)
	s := w.shop
	s.add("a", "Lyon")
	w.follow()
	slow := &late{shop: s}
	now := func() time.Time { return s.now }
	held, err := feeds.Open(t.Context(), w.engine, slow, s, w.facts, w.cfg, now, nil)
	if err != nil {
		t.Fatal(err)
	}
	slow.meanwhile = func() { // the other comes further, and into debt
		s.answers["a"]++
		s.tell(peers.Feedback, "a")
		s.now = s.now.Add(time.Minute)
		w.follow()
		s.down[peers.Feedback] = true
		s.add("b", "Lyon")
		s.answers["b"] = 1
		s.now = s.now.Add(time.Minute)
		w.follow()
		s.down[peers.Feedback] = false
	}
	if _, err := held.Follow(t.Context()); fault.ReasonOf(err) != "WORKED_ELSEWHERE" {
		t.Errorf("the late one ends with %v", err)
	}
	w.follow()
	w.want("a Lyon orders 0 answers 1 invitations 0 value 0 of edition 0", "b Lyon orders 0 answers 1 invitations 0 value 0 of edition 0")
}

// Of a large base too, catching up waits until what was owed has been read, and what is
// read on other terms.
func TestCatchingUpPaysWhatIsOwed(t *testing.T) {
	w := newWorld(t)
	s := w.shop
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		s.add(id, "Lyon")
	}
	w.follow()
	w.cfg.Small = 1
	w.restart()
	s.down[peers.Feedback] = true
	s.now = s.now.Add(time.Minute)
	s.add("f", "Lyon")
	s.answers["f"] = 7
	s.now = s.now.Add(time.Minute)
	w.follow()
	s.down[peers.Feedback] = false
	at := s.now.Add(-30 * time.Second)
	if err := w.feeds.CatchUp(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	got, err := w.facts.GetMany(t.Context(), []string{"f"}, facts.AllParts)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Feedback.Responses != 7 || w.state(peers.Feedback).Anew {
		t.Errorf("caught up with %+v, %+v", got[0].Feedback, w.state(peers.Feedback))
	}
	s.city["e"], s.terms = "Nice", "others" // which nobody is told
	s.now = s.now.Add(time.Minute)
	if err := w.feeds.CatchUp(t.Context(), at.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got, err := w.facts.GetMany(t.Context(), []string{"e"}, facts.AllParts); err != nil || got[0].Customer.City != "Nice" {
		t.Errorf("caught up with %+v, %v", got[0], err)
	}
}
