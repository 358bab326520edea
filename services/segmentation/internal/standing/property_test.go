package standing_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

var (
	customers = []string{"a", "a-b", "a.b", "b", "客户", "d d", "e!", "f", "g", "h"}
	segments  = []string{"s0", "s1", "s2", "s3"}
)

// history is a random one.
type history struct {
	*rapid.T
	*world
	shown  map[int64][]string // by birth, what it showed last
	calm   bool               // nobody has died since
	past   []seen
	erased map[string]bool
	back   map[string]bool // who was erased once
}

// seen is what was shown at an instant.
type seen struct {
	at    time.Time
	born  map[string]int64
	lists map[string][]string
}

func (h *history) rule(i int) string {
	verbs := []string{"count", "idle", "each", "list"}
	if i > 0 {
		verbs = append(verbs, "in", "out", "in", "out")
	}
	switch verb := rapid.SampledFrom(verbs).Draw(h.T, "verb"); verb {
	case "idle":
		return fmt.Sprint(verb, " ", rapid.IntRange(1, 30).Draw(h.T, "days"))
	case "list":
		return "list l"
	case "in", "out":
		if asked := segments[rapid.IntRange(0, i-1).Draw(h.T, "asked")]; h.exists(asked) {
			return verb + " " + asked
		}
		return "count 2"
	default:
		return fmt.Sprint(verb, " ", rapid.IntRange(1, 5).Draw(h.T, "n"))
	}
}

func (h *history) exists(id string) bool {
	found, err := h.store.Segments.GetMany(context.Background(), []string{id})
	must(h, err)
	return found[0] != nil
}

func (h *history) act() {
	customer := rapid.SampledFrom(customers).Draw(h.T, "customer")
	at := rapid.IntRange(0, len(segments)-1).Draw(h.T, "segment")
	id := segments[at]
	switch act := rapid.SampledFrom([]string{"put", "put", "put", "gone", "merge", "list", "unlist", "wait", "wait", "segment", "segment", "state", "drop", "erase"}).Draw(h.T, "act"); act {
	case "put":
		delete(h.erased, customer)
		h.put(h, customer, rapid.Int64Range(0, 6).Draw(h.T, "orders"), rapid.IntRange(0, 30).Draw(h.T, "ago"))
	case "gone":
		h.forget(h, customer, facts.Cause{Kind: facts.Deleted})
	case "merge":
		into := rapid.SampledFrom(customers).Draw(h.T, "into")
		if into != customer && !h.erased[into] {
			h.forget(h, customer, facts.Cause{Kind: facts.Merged, Detail: into})
			h.put(h, into, rapid.Int64Range(0, 6).Draw(h.T, "orders"), rapid.IntRange(0, 30).Draw(h.T, "ago"))
		}
	case "list":
		_, err := h.facts.AddToList(context.Background(), "l", []string{customer})
		must(h, err)
	case "unlist":
		_, err := h.facts.RemoveFromList(context.Background(), "l", []string{customer})
		must(h, err)
	case "wait":
		h.clock.advance(time.Duration(rapid.IntRange(1, 24*20).Draw(h.T, "hours")) * time.Hour)
	case "segment":
		if rule := h.rule(at); !h.exists(id) {
			h.define(h, id, rule)
		} else {
			h.redefine(h, id, rule)
		}
	case "state":
		if h.exists(id) {
			h.change(h, id, func(s *domain.Segment) {
				switch s.State {
				case domain.Published:
					s.State = domain.Paused
				case domain.Paused:
					s.State, s.Wanted = domain.Published, true
				}
			})
		}
	case "drop":
		if h.exists(id) && len(h.askers(id)) == 0 {
			h.remove(h, id)
		}
	case "erase":
		h.erase(customer)
	}
}

func (h *history) askers(id string) (askers []string) {
	for s, err := range h.store.Segments.All(context.Background()) {
		must(h, err)
		if c, _ := parse(s.Definition.Rule); slices.Contains(c.Segments(), id) {
			askers = append(askers, s.ID)
		}
	}
	return askers
}

// erase asks for an erasure, which the next round does.
func (h *history) erase(customer string) {
	h.forget(h, customer, facts.Cause{Kind: facts.Deleted})
	name := fmt.Sprintf("erased-%s-%d", customer, h.clock.Now().UnixMilli())
	must(h, h.worker.AskToErase(context.Background(), []string{customer}, name))
	h.back[customer] = true
	h.erased[customer] = true
}

// check compares what the segments show with a recomputation from scratch.
func (h *history) check() {
	at := h.clock.Now()
	now := seen{at: at, born: map[string]int64{}, lists: map[string][]string{}}
	belongs, failing := map[string]map[string]bool{}, map[string]map[string]bool{}
	all := map[string]domain.Segment{}
	for _, id := range segments { // in the order in which they ask
		if !h.exists(id) {
			continue
		}
		s := h.segment(h, id)
		all[id] = s
		belongs[id], failing[id] = h.recompute(s, at, belongs, failing)
		list := ids(h.members(h, id))
		if s.Formed.Members != int64(len(list)) {
			h.Fatalf("segment %s shows %d members and counts %d", id, len(list), s.Formed.Members)
		}
		want := slices.Collect(maps.Keys(belongs[id]))
		sortIDs(want)
		switch {
		case s.State == domain.Paused:
		case len(failing[id]) > 0:
			if s.Failure == nil || s.Failure.Customers != int64(len(failing[id])) {
				h.Fatalf("segment %s shows the failure %v, of %d customers", id, s.Failure, len(failing[id]))
			}
			was := func(c string) bool { return h.back[c] } // who was erased, and may be back
			before := slices.DeleteFunc(slices.Clone(h.shown[s.Born]), was)
			// What asks about others may have been shown before those were defined anew.
			if h.calm && strings.HasPrefix(s.Definition.Rule, "each") && !slices.Equal(slices.DeleteFunc(slices.Clone(list), was), before) {
				h.Fatalf("segment %s cannot be told and shows %q, before %q", id, list, before)
			}
		case s.Failure != nil || s.State != domain.Published || !slices.Equal(list, want):
			h.Fatalf("segment %s (%q) shows %q, want %q; failure %v, state %s", id, s.Definition.Rule, list, want, s.Failure, s.State)
		}
		h.shown[s.Born], now.lists[id], now.born[id] = list, list, s.Born
		h.checkHistory(id, s)
	}
	h.checkEach(now)
	for c := range h.erased {
		h.checkErased(c)
	}
	h.past = append(slices.DeleteFunc(h.past, func(p seen) bool { return p.at.Equal(at) }), now)
}

func sortIDs(ids []string) {
	slices.SortFunc(ids, func(a, b string) int {
		if docstore.ID(a) < docstore.ID(b) {
			return -1
		}
		return 1
	})
}

func (h *history) recompute(s domain.Segment, at time.Time, belongs, failing map[string]map[string]bool) (in, untold map[string]bool) {
	in, untold = map[string]bool{}, map[string]bool{}
	c, err := parse(s.Definition.Rule)
	must(h, err)
	if s.State == domain.Paused { // whoever asks about it goes by what it is
		for _, id := range h.standing(s) {
			in[id] = true
		}
		for _, id := range customers {
			stands, err := h.Of(context.Background(), id)
			must(h, err)
			if slices.Contains(stands.Failing, s.ID) {
				untold[id] = true
			}
		}
		return in, untold
	}
	for f, err := range h.facts.Scan(context.Background(), "", "", facts.AllParts) {
		must(h, err)
		verdict, err := c.Evaluate(&criterion.Case{Facts: f, At: at, In: func(other string) (bool, error) {
			if failing[other][f.Customer.ID] {
				return false, fmt.Errorf("cannot be told")
			}
			return belongs[other][f.Customer.ID], nil
		}})
		switch {
		case err != nil:
			untold[f.Customer.ID] = true
			if slices.Contains(h.standing(s), f.Customer.ID) {
				in[f.Customer.ID] = true // as it was
			}
		case verdict.Belongs:
			in[f.Customer.ID] = true
		}
	}
	return in, untold
}

// standing are the customers who stand in a segment, shown or not.
func (h *history) standing(s domain.Segment) (in []string) {
	for _, id := range customers {
		stands, err := h.Of(context.Background(), id)
		must(h, err)
		for _, stay := range stands.Stays {
			if stay.Segment == s.ID && stay.Out == 0 {
				in = append(in, id)
			}
		}
	}
	return in
}

// checkHistory checks that the moves lead to the list, and say since when.
func (h *history) checkHistory(id string, s domain.Segment) {
	since := map[string]time.Time{}
	for _, m := range h.transitions(h, id) {
		if _, in := since[m.Customer]; in != m.Left {
			h.Fatalf("segment %s: %s moves (left: %v) and was in: %v", id, m.Customer, m.Left, in)
		}
		if delete(since, m.Customer); !m.Left {
			since[m.Customer] = m.At
		}
	}
	for _, m := range h.members(h, id) {
		if !since[m.Customer].Equal(m.Since) {
			h.Fatalf("segment %s: %s is in since %v, by the moves since %v", id, m.Customer, m.Since, since[m.Customer])
		}
		delete(since, m.Customer)
	}
	if len(since) > 0 {
		h.Fatalf("segment %s: by the moves there are also %v", id, since)
	}
}

// checkEach checks what is told of each customer, of the past too, and the feed.
func (h *history) checkEach(now seen) {
	of, err := h.SegmentsOf(context.Background(), customers)
	must(h, err)
	fed := map[string]map[string]bool{}
	for _, m := range h.feed(h) {
		if fed[m.Segment] == nil {
			fed[m.Segment] = map[string]bool{}
		}
		if fed[m.Segment][m.Customer] = true; m.Left {
			delete(fed[m.Segment], m.Customer)
		}
	}
	for id, list := range now.lists {
		for i, c := range customers {
			in := slices.Contains(list, c)
			if _, err := h.Membership(context.Background(), id, c); (err == nil) != in {
				h.Fatalf("%s in %s: %v, listed: %v", c, id, err, in)
			}
			if slices.Contains(of[i], id) != in || fed[id][c] != in {
				h.Fatalf("%s is in %s: %v; among its segments %v; by the feed %v", c, id, in, of[i], fed[id][c])
			}
		}
	}
	for _, p := range h.past {
		for id, list := range p.lists {
			if now.born[id] != p.born[id] {
				continue
			}
			for _, c := range customers {
				if h.erased[c] {
					continue
				}
				past, err := h.At(context.Background(), id, c, p.at)
				must(h, err)
				if in := slices.Contains(list, c); past.Belongs != in && !h.wasErased(c) {
					h.Fatalf("%s at %v in %s: %v, it was listed: %v", c, p.at, id, past.Belongs, in)
				}
			}
		}
	}
}

// wasErased tells of customers that came back after an erasure: of their past nothing is known.
func (h *history) wasErased(c string) bool { _, known := h.back[c]; return known }

func (h *history) checkErased(c string) {
	stands, err := h.Of(context.Background(), c)
	must(h, err)
	if len(stands.Stays)+len(stands.Failing) > 0 {
		h.Fatalf("%s was erased and still stands: %+v", c, stands)
	}
	for _, m := range h.feed(h) {
		if m.Customer == c {
			h.Fatalf("%s was erased and the feed tells %+v", c, m)
		}
	}
}

// What is kept up to date part by part is what a recomputation from scratch comes to,
// whatever happens, in whatever portions it is taken in, and wherever processes die.
func TestIncrementalIsRecomputation(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *rapid.T, e docstore.Engine) {
		h := &history{T: t, world: newWorld(t, e, newClock()), shown: map[int64][]string{}, erased: map[string]bool{}, back: map[string]bool{}}
		for range rapid.IntRange(2, 7).Draw(t, "rounds") {
			for range rapid.IntRange(0, 8).Draw(t, "acts") {
				h.act()
			}
			h.calm = true
			for range rapid.IntRange(0, 2).Draw(t, "deaths") {
				h.calm = false
				h.stormyRound(t, rapid.IntRange(1, 60).Draw(t, "writes until death"), rapid.Bool().Draw(t, "performed"))
				for range rapid.IntRange(0, 2).Draw(t, "acts meanwhile") {
					h.act()
				}
			}
			h.world = newWorld(t, e, h.clock)
			h.clock.advance(time.Minute)
			h.round(t)
			h.check()
		}
	})
}
