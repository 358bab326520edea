package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Graph is which segments ask about which others, and the changes of that which are
// under way. It must have no cycle: who belongs to a segment that asks about itself
// cannot be told.
//
// A change claims what it is going to do before it is written in the segment, and is
// settled afterwards by what the segment then says. While it is claimed both what was
// and what may be count, so that two changes cannot make a cycle between them.
type Graph struct {
	Asks   map[string][]string // by segment; those that ask about nobody are not in it
	Claims []Claim
}

// Claim is a change of a segment that is under way.
type Claim struct {
	Token   string // of this change alone
	Segment string
	Asks    []string // about whom it will ask
	Leaves  bool     // it is deleted, paused or put away: nobody may ask about it
	At      time.Time
}

// Claim adds a claim. Faults: SEGMENT_CYCLE, SEGMENT_IN_USE, SEGMENT_LEAVING (Aborted).
func (g *Graph) Claim(c Claim) *fault.Fault {
	if c.Leaves {
		if users := g.Askers(c.Segment); len(users) > 0 {
			return InUse(c.Segment, "asked about", users)
		}
	}
	for _, asked := range c.Asks {
		if path := g.path(asked, c.Segment); path != nil {
			return cycle(append([]string{c.Segment}, path...))
		}
		if slices.ContainsFunc(g.Claims, func(other Claim) bool { return other.Leaves && other.Segment == asked }) {
			return fault.New(fault.Aborted, "SEGMENT_LEAVING", "segment %q is just being deleted, paused or archived; try again", asked).
				With("segment", "segments/"+asked)
		}
	}
	g.Claims = append(g.Claims, c)
	return nil
}

// Settle ends a claim: from then on the segment asks about whom it does as it is stored,
// and about whom it will by other changes of it that are under way.
func (g *Graph) Settle(token, segment string, asks []string) {
	g.Claims = slices.DeleteFunc(g.Claims, func(c Claim) bool { return c.Token == token })
	if len(asks) == 0 {
		delete(g.Asks, segment)
		return
	}
	if g.Asks == nil {
		g.Asks = make(map[string][]string)
	}
	g.Asks[segment] = asks
}

// Knows tells whether a segment asks about others, or is being changed.
func (g *Graph) Knows(segment string) bool {
	return len(g.Asks[segment]) > 0 || slices.ContainsFunc(g.Claims, func(c Claim) bool { return c.Segment == segment })
}

// Askers are the segments that ask about one, or are going to, in order.
func (g *Graph) Askers(segment string) []string {
	var askers []string
	for s, asks := range g.Asks {
		if slices.Contains(asks, segment) {
			askers = append(askers, s)
		}
	}
	for _, c := range g.Claims {
		if slices.Contains(c.Asks, segment) {
			askers = append(askers, c.Segment)
		}
	}
	slices.Sort(askers)
	return slices.Compact(askers)
}

// asked are those that a segment asks about, or is going to.
func (g *Graph) asked(segment string) []string {
	all := slices.Clone(g.Asks[segment])
	for _, c := range g.Claims {
		if c.Segment == segment {
			all = append(all, c.Asks...)
		}
	}
	return all
}

// path is a way from one segment to another by those that are asked about, both ends
// included; nil where there is none.
func (g *Graph) path(from, to string) []string {
	came := map[string]string{from: ""}
	for open := []string{from}; len(open) > 0; open = open[1:] {
		if open[0] == to {
			path := []string{to}
			for at := to; at != from; {
				at = came[at]
				path = append(path, at)
			}
			slices.Reverse(path)
			return path
		}
		for _, next := range g.asked(open[0]) {
			if _, seen := came[next]; !seen {
				came[next] = open[0]
				open = append(open, next)
			}
		}
	}
	return nil
}

// maxShown is how many segments a message names.
const maxShown = 20

func cycle(path []string) *fault.Fault {
	shown := strings.Join(path, " → ")
	if len(path) > maxShown {
		shown = strings.Join(path[:maxShown/2], " → ") + " → … → " + strings.Join(path[len(path)-maxShown/2:], " → ")
	}
	f := fault.Invalid("rule.expression", "must not ask about itself, by way of others: %s", shown).With("path", shown)
	f.Reason = "SEGMENT_CYCLE"
	return f
}

// InUse is the fault of a segment that cannot go because of its users. how says what it
// is by them, e.g. "asked about".
func InUse(segment, how string, users []string) *fault.Fault {
	shown := strings.Join(users[:min(len(users), maxShown)], ", ")
	if len(users) > maxShown {
		shown += ", …"
	}
	return fault.New(fault.FailedPrecondition, "SEGMENT_IN_USE", "segment %q is %s by %s; change or end those first", segment, how, shown).
		With("segment", "segments/"+segment).With("referenced_by", shown)
}
