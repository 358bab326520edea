package kpis

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Segments are the segments; store.Segments is one.
type Segments interface {
	Get(ctx context.Context, id string) (domain.Segment, error)
	All(ctx context.Context) iter.Seq2[domain.Segment, error]
}

// Members tells who is in a segment.
type Members interface {
	// Members are up to size members of a generation, behind a customer (empty: from
	// the first), in the order of escaped ids.
	Members(ctx context.Context, segment string, generation int64, after string, size int) (customers []string, more bool, err error)
	// Flows counts the moves behind one generation and up to another.
	Flows(ctx context.Context, segment string, after, upTo int64) (entered, left int64, err error)
}

// Facts are those of the customers, in the order of their escaped ids.
type Facts interface {
	Scan(ctx context.Context, from, to string, need facts.Part) iter.Seq2[*facts.Facts, error]
}

// figured is what of the facts key figures are made of.
const figured = facts.OfOrders | facts.OfValuation | facts.OfFeedback | facts.OfReferral

// Meter measures segments.
type Meter struct {
	Store    *Store
	Segments Segments
	Members  Members
	Facts    Facts
	Zone     *time.Location
	Clock    func() time.Time
}

// atOnce is how many segments are measured in one pass over the facts: of each a page
// of members is in memory.
const (
	atOnce   = 100
	pageSize = 1000
)

// Measure measures the published segments that were not yet today, and forgets those
// that are gone. Several processes may do so at a time: what was written first stays.
func (m *Meter) Measure(ctx context.Context) error {
	now := m.Clock().UTC().Truncate(time.Millisecond)
	exist := make(map[string]int64)
	var due []*roll
	for s, err := range m.Segments.All(ctx) {
		if err != nil {
			return err
		}
		exist[s.ID] = s.Born
		if s.State != domain.Published || s.Formed.Generation == 0 {
			continue
		}
		r, err := m.roll(ctx, &s, now)
		if err != nil {
			return err
		}
		if r != nil {
			due = append(due, r)
		}
	}
	for group := range slices.Chunk(due, atOnce) {
		if err := m.measure(ctx, group); err != nil {
			return err
		}
	}
	return m.Store.Clear(ctx, func(segment string, born int64) bool { return exist[segment] == born })
}

// roll is a segment that is being measured: what was found so far, and the members
// that are still to be met.
type roll struct {
	Kpi
	page []string // escaped ids
	last string   // the last customer of page
	more bool     // there is another page
	gone bool     // the list is not kept any more
}

// roll begins to measure a segment; nil where that was done today.
func (m *Meter) roll(ctx context.Context, s *domain.Segment, now time.Time) (*roll, error) {
	date := now.In(m.Zone).Format(time.DateOnly)
	before, err := m.Store.Latest(ctx, s.ID, s.Born)
	if err != nil || before != nil && before.Date >= date {
		return nil, err
	}
	r := &roll{more: true, Kpi: Kpi{
		Segment: s.ID, Born: s.Born, Date: date, AsOf: now, Zone: m.Zone.String(), Generation: s.Formed.Generation, Members: s.Formed.Members,
	}}
	if before == nil {
		return r, nil
	}
	r.Previous = before.AsOf
	r.Entered, r.Left, err = m.Members.Flows(ctx, s.ID, before.Generation, s.Formed.Generation)
	return r, err
}

// measure measures segments in one pass over the facts.
func (m *Meter) measure(ctx context.Context, rolls []*roll) error {
	next := ""
	for _, r := range rolls {
		if err := m.turn(ctx, r); err != nil {
			return err
		}
	}
	for f, err := range m.Facts.Scan(ctx, "", "", figured) {
		if err != nil {
			return err
		}
		key := docstore.ID(f.Customer.ID)
		if key < next {
			continue
		}
		over := true
		for _, r := range rolls {
			if err := m.meet(ctx, r, key, f); err != nil {
				return err
			}
			if len(r.page) > 0 && (over || r.page[0] < next) {
				next, over = r.page[0], false
			}
		}
		if over {
			break
		}
	}
	for _, r := range rolls {
		if r.gone {
			continue
		}
		if err := m.Store.Keep(ctx, &r.Kpi); err != nil {
			return err
		}
	}
	return nil
}

// meet counts a customer who is a member, and passes those before, of whom nothing is
// known any more.
func (m *Meter) meet(ctx context.Context, r *roll, key string, f *facts.Facts) error {
	for len(r.page) > 0 && r.page[0] <= key {
		if r.page[0] == key {
			r.add(f, r.AsOf.AddDate(0, 0, -WindowDays), r.AsOf)
		}
		if r.page = r.page[1:]; len(r.page) == 0 {
			if err := m.turn(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// turn reads the next page of members. A segment that is deleted meanwhile, or whose
// list is superseded for so long that it is gone, is not measured.
func (m *Meter) turn(ctx context.Context, r *roll) error {
	if !r.more {
		return nil
	}
	customers, more, err := m.Members.Members(ctx, r.Segment, r.Generation, r.last, pageSize)
	switch fault.ReasonOf(err) {
	case "SEGMENT_NOT_FOUND", "PAGE_TOKEN_EXPIRED":
		r.page, r.more, r.gone = nil, false, true
		return nil
	}
	if err != nil {
		return err
	}
	r.more = more
	for _, c := range customers {
		r.page, r.last = append(r.page, docstore.ID(c)), c
	}
	return nil
}
