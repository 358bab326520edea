package standing

import (
	"context"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Page is a page of a list of members.
type Page struct {
	Members    []domain.Membership
	Total      int64 // of the list
	Generation int64 // of which all pages are; 0 where the segment has not been formed
	More       bool  // there is another, behind the last of Members
}

// Members lists who is in a segment, in the order of escaped ids, from behind a
// customer (empty: from the first): as of a generation, 0 for the present one.
// Faults: SEGMENT_NOT_FOUND, PAGE_TOKEN_EXPIRED.
func (s *Standings) Members(ctx context.Context, segment string, generation int64, after string, size int) (Page, error) {
	before, err := s.list(ctx, segment, generation)
	for {
		if err != nil || before.generation == 0 {
			return Page{}, err
		}
		page := Page{Total: before.total, Generation: before.generation}
		for e, err := range s.rosters.members(ctx, before.born, before.generation, docstore.ID(after)) {
			if err != nil {
				return Page{}, err
			}
			if slices.Contains(before.hidden, e.customer) {
				continue
			}
			if page.More = len(page.Members) == size; page.More {
				break
			}
			page.Members = append(page.Members, membership(&e, before.generation))
		}
		// Where somebody is erased meanwhile it is read again, so that list and total agree.
		now, err := s.list(ctx, segment, before.generation)
		if err != nil {
			return Page{}, err
		}
		if now.total == before.total && slices.Equal(now.hidden, before.hidden) {
			return page, nil
		}
		before = now
	}
}

func membership(e *entry, generation int64) domain.Membership {
	return domain.Membership{Customer: docstore.ParseID(e.customer)[0], Since: instant(e.entered.at), Generation: generation}
}

// list is a list of members that can be read.
type list struct {
	born       int64
	generation int64 // 0 where the segment has not been formed
	total      int64
	hidden     []string
}

func (s *Standings) list(ctx context.Context, segment string, generation int64) (list, error) {
	found, err := s.segments.Get(ctx, segment)
	if err != nil {
		return list{}, err
	}
	shown := &found.Formed
	if generation == 0 || generation == shown.Generation {
		return list{found.Born, shown.Generation, shown.Members, shown.Hidden}, nil
	}
	f, err := s.forms.get(ctx, segment, found.Born)
	if err != nil {
		return list{}, err
	}
	var p *publication
	if generation > found.Born && generation < shown.Generation && generation >= f.floor(s.now(), s.cfg.Keep) {
		if p, err = s.publications.get(ctx, segment, generation); err != nil {
			return list{}, err
		}
	}
	if p == nil {
		f := fault.Invalid("page_token", "belongs to a list superseded more than %s ago; start again without a token", s.cfg.Keep)
		f.Reason = "PAGE_TOKEN_EXPIRED"
		return list{}, f
	}
	erased, hidden, err := s.corrections.of(ctx, segment, generation)
	return list{found.Born, generation, p.Members - erased, hidden}, err
}

// Standing is where one customer stands.
type Standing struct {
	Customer string
	Stays    []Stay // those that have ended too, in the order of entering
	// Failing are the segments of which it cannot be told.
	Failing []string
	// Due is when the customer is looked at again though nothing changes; zero is never.
	Due time.Time
}

// Stay is a customer's time in a segment.
type Stay struct {
	Segment string
	State   domain.State // of the segment
	Entered time.Time
	Left    time.Time // zero while the customer is in
	// The generations with which the customer entered and left; Out is 0 while it is in.
	In, Out int64
	// Shown tells that the segment shows the customer as being in it.
	Shown bool

	in, out point
	born    int64
}

// Of tells where a customer stands: with the segments as they are shown, and with
// what is not shown yet.
func (s *Standings) Of(ctx context.Context, customer string) (Standing, error) {
	all, err := s.OfMany(ctx, []string{customer})
	if err != nil {
		return Standing{}, err
	}
	return all[0], nil
}

// OfMany is Of for many customers, in their order.
func (s *Standings) OfMany(ctx context.Context, customers []string) ([]Standing, error) {
	keys := make([]string, len(customers))
	for i, c := range customers {
		keys[i] = docstore.ID(c)
	}
	persons, named, err := s.standAndShow(ctx, keys)
	if err != nil {
		return nil, err
	}
	all := make([]Standing, len(customers))
	for i, p := range persons {
		all[i] = Standing{Customer: customers[i], Due: instant(p.due)}
		for _, stay := range p.stays {
			segment, exists := named[stay.born]
			if !exists {
				continue
			}
			all[i].Stays = append(all[i].Stays, Stay{
				Segment: segment.ID, State: segment.State, Entered: instant(stay.entered.at), Left: instant(stay.left.at),
				In: stay.entered.generation, Out: stay.left.generation,
				Shown: segment.Formed.Generation > 0 && stay.in(segment.Formed.Generation) && !slices.Contains(segment.Formed.Hidden, keys[i]),
				in:    stay.entered, out: stay.left, born: stay.born,
			})
		}
		for _, b := range p.failing {
			if segment, exists := named[b]; exists {
				all[i].Failing = append(all[i].Failing, segment.ID)
			}
		}
	}
	return all, nil
}

// overtaken is how often standings are read again that a pass has overtaken meanwhile.
const overtaken = 10

// standAndShow reads where customers stand, by escaped id, and the segments that they
// are or were in, by birth: both as of the same pass.
func (s *Standings) standAndShow(ctx context.Context, keys []string) ([]person, map[int64]domain.Segment, error) {
	for tries := 1; ; tries++ {
		before, err := s.over(ctx)
		if err != nil {
			return nil, nil, err
		}
		persons, err := s.persons.get(ctx, keys)
		if err != nil {
			return nil, nil, err
		}
		born := make(map[int64]bool)
		for _, p := range persons {
			for _, stay := range p.stays {
				born[stay.born] = true
			}
			for _, b := range p.failing {
				born[b] = true
			}
		}
		named, err := s.named(ctx, born)
		if err != nil {
			return nil, nil, err
		}
		after, err := s.over(ctx)
		if err != nil || after == before || tries == overtaken {
			return persons, named, err
		}
	}
}

// Membership returns a customer's membership as the segment shows it. Faults:
// SEGMENT_NOT_FOUND, MEMBERSHIP_NOT_FOUND.
func (s *Standings) Membership(ctx context.Context, segment, customer string) (domain.Membership, error) {
	found, err := s.segments.Get(ctx, segment)
	if err != nil {
		return domain.Membership{}, err
	}
	stands, err := s.Of(ctx, customer)
	if err != nil {
		return domain.Membership{}, err
	}
	shown := found.Formed.Generation
	for _, stay := range stands.Stays {
		at := stay.stay()
		if stay.Segment == segment && stay.born == found.Born && shown > 0 && at.in(shown) && !slices.Contains(found.Formed.Hidden, docstore.ID(customer)) {
			return domain.Membership{Customer: customer, Since: stay.Entered, Generation: shown}, nil
		}
	}
	return domain.Membership{}, fault.New(fault.NotFound, "MEMBERSHIP_NOT_FOUND", "customer %q is not in segment %q", customer, segment).
		With("segment", "segments/"+segment).With("customer", "customers/"+customer)
}

func (s *Stay) stay() *stay { return &stay{born: s.born, entered: s.in, left: s.out} }

// SegmentsOf tells, for each of some customers, the ids of the segments that show it,
// in their order: those that are published, paused or put away.
func (s *Standings) SegmentsOf(ctx context.Context, customers []string) ([][]string, error) {
	all, err := s.OfMany(ctx, customers)
	if err != nil {
		return nil, err
	}
	of := make([][]string, len(all))
	for i := range all {
		for _, stay := range all[i].Stays {
			if stay.Shown {
				of[i] = append(of[i], stay.Segment)
			}
		}
		slices.Sort(of[i])
	}
	return of, nil
}
