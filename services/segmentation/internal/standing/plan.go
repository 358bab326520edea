package standing

import (
	"context"
	"maps"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// plan is what a pass asks of each customer: the segments, those that others ask
// about first.
type plan struct {
	segments []planned
	need     facts.Part       // of the facts: what the segments read
	place    map[string]int   // of a segment in segments
	born     map[string]int64 // of all segments, for those that are asked about only
	living   map[int64]bool   // the births of segments that exist, or have left something
	floors   map[int64]int64  // the oldest generation that can be read, by birth
}

type planned struct {
	scope
	criterion criterion.Criterion
	open, own []string // the facts that it reads: in the open, and describing the person
	unknown   []byte   // what is recorded of own where nothing is known
}

// wanted are the segments as they are, and which of them are to be kept.
type wanted struct {
	all    []domain.Segment
	forms  map[int64]*form
	kept   []candidate // whose definition can be used, in the order of their ids
	born   map[string]int64
	failed map[string]*domain.Failure // whose definition cannot be used
}

type candidate struct {
	segment   domain.Segment
	criterion criterion.Criterion
	stale     bool // everybody has to be asked
}

// look reads the segments and makes their definitions ready.
func (w *Worker) look(ctx context.Context) (*wanted, error) {
	forms, err := w.forms.all(ctx)
	if err != nil {
		return nil, err
	}
	found := &wanted{forms: forms, born: make(map[string]int64), failed: make(map[string]*domain.Failure)}
	if found.all, err = w.everySegment(ctx); err != nil {
		return nil, err
	}
	for _, s := range found.all {
		found.born[s.ID] = s.Born
		if !isKept(&s) {
			if err := w.neglect(ctx, forms[s.Born]); err != nil {
				return nil, err
			}
			continue
		}
		c, err := w.criteria(ctx, s)
		if kind := fault.KindOf(err); err != nil && kind != fault.FailedPrecondition && kind != fault.InvalidArgument && kind != fault.NotFound {
			return nil, err
		}
		if err != nil {
			found.failed[s.ID] = failureOf(err)
			if err := w.neglect(ctx, forms[s.Born]); err != nil {
				return nil, err
			}
			continue
		}
		f := forms[s.Born]
		found.kept = append(found.kept, candidate{s, c, isStale(&s, f)})
	}
	found.breakCycles()
	return found, nil
}

// readings is how often the segments are read until those of each scheme are of one run.
const readings = 3

// everySegment reads the segments, again where a scheme was turned to another run
// meanwhile. Where they stay of several somebody has defined them so by hand.
func (w *Worker) everySegment(ctx context.Context) (all []domain.Segment, err error) {
	for range readings {
		all = all[:0]
		for s, err := range w.segments.All(ctx) {
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
		if !torn(all) {
			break
		}
	}
	return all, nil
}

// torn tells whether labels of one scheme that are kept are of several runs.
func torn(all []domain.Segment) bool {
	runs := make(map[string]string)
	for i := range all {
		if !all[i].IsLabel() || !isKept(&all[i]) {
			continue
		}
		p := all[i].Definition.Partition
		if run, known := runs[p.Scheme()]; known && run != p.Run {
			return true
		}
		runs[p.Scheme()] = p.Run
	}
	return false
}

// neglect notes that a segment is not kept up to date: when it is again, everybody has
// to be asked.
func (w *Worker) neglect(ctx context.Context, f *form) error {
	if f == nil || f.Revision == 0 {
		return nil
	}
	f.Revision = 0
	_, err := w.forms.docs.Update(ctx, f.ID, func(f *form) error {
		f.Revision = 0
		return nil
	})
	return err
}

// isKept tells whether a segment's members are kept up to date.
func isKept(s *domain.Segment) bool {
	return s.State == domain.Published || s.State == domain.Draft && s.Wanted
}

// isStale tells whether everybody has to be asked: a draft that was asked for and of
// which it cannot be told of some is not, for they are looked at again by themselves.
func isStale(s *domain.Segment, f *form) bool {
	return f == nil || f.Revision != s.Revision || s.Wanted && s.State == domain.Published
}

// breakCycles takes out the segments that ask about themselves by way of others:
// of whom no order is right. Defining one is refused; this is for the case that it
// happened all the same.
func (w *wanted) breakCycles() {
	sorted := sortCandidates(w.kept)
	w.kept = slices.DeleteFunc(w.kept, func(c candidate) bool {
		if slices.ContainsFunc(sorted, func(s candidate) bool { return s.segment.ID == c.segment.ID }) {
			return false
		}
		w.failed[c.segment.ID] = &domain.Failure{
			Code: codeFailedPrecondition, Reason: "SEGMENT_CYCLE", Message: "the segment asks about itself, by way of others",
		}
		return true
	})
}

// sortCandidates puts those that are asked about first. Those in a cycle are left out.
func sortCandidates(all []candidate) []candidate {
	byID := make(map[string]candidate, len(all))
	for _, c := range all {
		byID[c.segment.ID] = c
	}
	sorted := make([]candidate, 0, len(all))
	const open, done = 1, 2
	state := make(map[string]int, len(all))
	var visit func(c candidate) bool
	visit = func(c candidate) bool {
		switch state[c.segment.ID] {
		case open:
			return false
		case done:
			return true
		}
		state[c.segment.ID] = open
		for _, asked := range c.criterion.Segments() {
			if other, ok := byID[asked]; ok && !visit(other) {
				return false // and it stays open: whoever asks about it is in the cycle too, or behind it
			}
		}
		state[c.segment.ID] = done
		sorted = append(sorted, c)
		return true
	}
	for _, c := range all {
		visit(c)
	}
	return sorted
}

// plan chooses the segments of a pass.
func (w *wanted) plan(chosen func(candidate) bool) *plan {
	// The time of the valuations is told with every segment.
	p := &plan{
		need: facts.OfValuation, place: make(map[string]int), born: w.born, living: w.living(), floors: make(map[int64]int64),
	}
	for _, c := range sortCandidates(w.kept) {
		if !chosen(c) {
			continue
		}
		reads := c.criterion.Reads()
		open, own := facts.Parted(reads)
		p.need |= facts.PartsOf(reads)
		p.place[c.segment.ID] = len(p.segments)
		p.segments = append(p.segments, planned{
			scope:     scope{Segment: c.segment.ID, Born: c.segment.Born, Revision: c.segment.Revision},
			criterion: c.criterion, open: open, own: own, unknown: facts.Record(own, &facts.Facts{}),
		})
	}
	return p
}

// living are the births of the segments that exist, and of those of whom there are
// still moves, which are found by the stays.
func (w *wanted) living() map[int64]bool {
	living := make(map[int64]bool, len(w.all)+len(w.forms))
	for i := range w.all {
		living[w.all[i].Born] = true
	}
	for born := range w.forms {
		living[born] = true
	}
	return living
}

// mixed are the segments of a pass that cannot be gone on with as they were when it
// began, and those that ask about them.
func (w *wanted) mixed(of []scope, same func(candidate) bool) map[string]bool {
	mixed := make(map[string]bool)
	for _, s := range of {
		mixed[s.Segment] = s.Mixed || !slices.ContainsFunc(w.kept, func(c candidate) bool { return c.segment.ID == s.Segment && same(c) })
	}
	maps.DeleteFunc(mixed, func(_ string, is bool) bool { return !is })
	w.askers(mixed)
	return mixed
}

// askers adds to some segments those that ask about them, and so on.
func (w *wanted) askers(of map[string]bool) {
	for _, c := range sortCandidates(w.kept) {
		if slices.ContainsFunc(c.criterion.Segments(), func(s string) bool { return of[s] }) {
			of[c.segment.ID] = true
		}
	}
}

// failureOf is an error as a segment shows it.
func failureOf(err error) *domain.Failure {
	status := rpc.ItemStatus(err)
	return &domain.Failure{Code: status.GetCode(), Reason: status.GetReason(), Message: status.GetMessage(), Field: status.GetField()}
}
