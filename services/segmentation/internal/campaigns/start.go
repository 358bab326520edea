package campaigns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// partSize is how many customers are assigned between two checkpoints.
const partSize = 1000

// StartState is how far a start has come.
type StartState struct {
	Begun      time.Time `bson:"begun"` // of the operation; zero before it has the campaign
	Total      int64     `bson:"total"`
	Generation int64     `bson:"generation"`
	After      string    `bson:"after"` // the last customer looked at
	Done       bool      `bson:"done"`
	Treated    int64     `bson:"treated"`
	HeldOut    int64     `bson:"held_out"`
	Missing    int64     `bson:"missing"`
	Baseline   Baseline  `bson:"baseline"`
	Others     []string  `bson:"others"` // campaigns that ran when it began
	Overlaps   []Overlap `bson:"overlaps"`
}

// Starter freezes populations.
type Starter struct {
	Store    *Store
	Rules    Rules
	Segments Segments
	Facts    Facts
	// Over tells whether an operation is done, or gone.
	Over func(ctx context.Context, name string) (bool, error)
}

// Start freezes the population of a campaign and assigns it, from where state says. It
// may be made again from any state that was kept. Where it cannot be, the campaign is
// a draft again.
func (s *Starter) Start(ctx context.Context, id, operation string, state StartState, journal Journal) (*Campaign, error) {
	c, err := s.take(ctx, id, operation)
	if err != nil {
		return nil, err
	}
	if c.State == Running || c.State == Ended {
		return c, nil // done by a run that broke off behind it
	}
	started, err := s.freeze(ctx, c, state, journal)
	if err != nil && refused(err) {
		_, back := s.Store.Change(ctx, id, func(c *Campaign) error {
			if c.State != Starting || c.Operation != operation {
				return docstore.ErrUnchanged
			}
			c.State, c.Operation = Draft, ""
			return nil
		})
		if back == nil {
			back = s.Store.forget(ctx, id, "")
		}
		return nil, errors.Join(err, back)
	}
	return started, err
}

// refused tells whether an error is final: not one that passes when it is tried again.
func refused(err error) bool {
	switch fault.KindOf(err) {
	case fault.InvalidArgument, fault.NotFound, fault.FailedPrecondition, fault.OutOfRange:
		return true
	}
	return false
}

// take makes a campaign one that an operation starts. It takes over from one that is
// over and has not made it.
func (s *Starter) take(ctx context.Context, id, operation string) (*Campaign, error) {
	c, err := s.Store.Get(ctx, id)
	if err != nil || c.Operation == operation {
		return c, err
	}
	if c.State == Starting {
		over, err := s.Over(ctx, c.Operation)
		if err != nil {
			return nil, err
		}
		if !over {
			return nil, started(id)
		}
	}
	before := c.Operation
	return s.Store.Change(ctx, id, func(c *Campaign) error {
		if c.State == Running || c.State == Ended || c.Operation != before {
			return started(id)
		}
		c.State, c.Operation = Starting, operation
		return nil
	})
}

func started(id string) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "CAMPAIGN_STARTED", "campaign %q has been started already", id).With("campaign", "campaigns/"+id)
}

func (s *Starter) freeze(ctx context.Context, c *Campaign, state StartState, journal Journal) (*Campaign, error) {
	f := &freeze{Starter: s, c: c, state: state}
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	// What a run that broke off has written behind the checkpoint is not counted.
	if err := s.Store.forget(ctx, c.ID, f.state.After); err != nil {
		return nil, err
	}
	for !f.state.Done {
		if err := f.part(ctx); err != nil {
			return nil, err
		}
		journal.Progress(f.state.Treated+f.state.HeldOut, f.state.Total, "assigning customers")
		if err := journal.Checkpoint(ctx, f.state); err != nil {
			return nil, err
		}
	}
	return f.finish(ctx)
}

// freeze is one run of a start.
type freeze struct {
	*Starter
	c      *Campaign
	state  StartState
	rule   criterion.Criterion // nil for a segment
	others []*Campaign         // that run
}

func (f *freeze) begin(ctx context.Context) (err error) {
	if f.c.Rule != "" {
		if f.rule, err = f.Rules.Compile(ctx, f.c.Rule); err != nil {
			return err
		}
	}
	if f.others, err = f.Store.in(ctx, Running); err != nil {
		return err
	}
	if !f.state.Begun.IsZero() {
		f.others = slices.DeleteFunc(f.others, func(c *Campaign) bool { return !slices.Contains(f.state.Others, c.ID) })
		return nil
	}
	for _, other := range f.others {
		f.state.Others = append(f.state.Others, other.ID)
	}
	now := f.Store.instant()
	f.state.Begun = now
	if !f.c.End.After(now) {
		return ends(f.c)
	}
	f.state.Baseline = Baseline{Start: now.Add(-f.c.End.Sub(now)), End: now}
	for _, stratum := range f.c.Strata { // of which one that was never formed would stay empty
		if _, _, err := f.Segments.Size(ctx, stratum); err != nil {
			return err
		}
	}
	if f.c.Segment != "" {
		f.state.Total, f.state.Generation, err = f.Segments.Size(ctx, f.c.Segment)
	}
	return err
}

func ends(c *Campaign) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "CAMPAIGN_END_PAST", "end_time of campaign %q is past: set one to come", c.ID)
}

// part assigns the next customers.
func (f *freeze) part(ctx context.Context) error {
	customers, known, err := f.next(ctx)
	if err != nil || len(customers) == 0 {
		return err
	}
	in, err := f.strata(ctx, customers)
	if err != nil {
		return err
	}
	docs := make([]*assignmentDoc, len(customers))
	for i, customer := range customers {
		arm := ArmOf(f.c.ID, customer, f.c.Share)
		docs[i] = &assignmentDoc{Meta: docstore.Meta{ID: docstore.ID(f.c.ID, customer)}, HeldOut: arm == HeldOut, Strata: in[i]}
		if arm == HeldOut {
			f.state.HeldOut++
		} else {
			f.state.Treated++
		}
		if known[i] == nil {
			f.state.Missing++
			continue
		}
		f.state.Baseline.add(known[i], f.c.Currency)
	}
	if err := f.overlap(ctx, customers, f.others); err != nil {
		return err
	}
	return f.Store.assign(ctx, docs)
}

// next are the next customers of the population, with their facts.
func (f *freeze) next(ctx context.Context) ([]string, []*facts.Facts, error) {
	if f.rule != nil {
		return f.matching(ctx)
	}
	customers, more, err := f.Segments.Members(ctx, f.c.Segment, f.state.Generation, f.state.After, partSize)
	if err != nil {
		return nil, nil, err
	}
	if f.state.Done = !more; len(customers) == 0 {
		return nil, nil, nil
	}
	f.state.After = customers[len(customers)-1]
	known, err := f.Facts.GetMany(ctx, customers, ofOutcome)
	return customers, known, err
}

// scanSize is how many customers are asked at most between two checkpoints.
const scanSize = 20_000

// matching are the next customers for whom the rule holds. Those of whom it cannot be
// told take no part.
func (f *freeze) matching(ctx context.Context) (customers []string, _ []*facts.Facts, err error) {
	from := ""
	if f.state.After != "" {
		from = docstore.ID(f.state.After) + `"`
	}
	in := membership{ctx: ctx, segments: f.Segments}
	f.state.Done = true
	asked := 0
	for known, err := range f.Facts.Scan(ctx, from, "", facts.PartsOf(f.rule.Reads())) {
		if err != nil {
			return nil, nil, err
		}
		if len(customers) == partSize || asked == scanSize {
			f.state.Done = false
			break
		}
		asked++
		id := known.Customer.ID
		verdict, err := f.rule.Evaluate(&criterion.Case{Facts: known, At: f.state.Begun, In: in.of(id)})
		if err != nil && !refused(err) {
			return nil, nil, err
		}
		if f.state.After = id; err == nil && verdict.Belongs {
			customers = append(customers, id)
		}
	}
	if len(customers) == 0 {
		return nil, nil, nil
	}
	// Read anew, for what a scan yields is valid until it goes on.
	known, err := f.Facts.GetMany(ctx, customers, ofOutcome)
	return customers, known, err
}

// membership tells of one customer after the other which segments it is in.
type membership struct {
	ctx      context.Context
	segments Segments
	customer string
	in       []string
}

func (m *membership) of(customer string) func(string) (bool, error) {
	return func(segment string) (bool, error) {
		if m.customer != customer {
			all, err := m.segments.In(m.ctx, []string{customer})
			if err != nil {
				return false, err
			}
			m.customer, m.in = customer, all[0]
		}
		return slices.Contains(m.in, segment), nil
	}
}

// strata are the indexes of the strata that customers are in.
func (f *freeze) strata(ctx context.Context, customers []string) ([][]int32, error) {
	found := make([][]int32, len(customers))
	if len(f.c.Strata) == 0 {
		return found, nil
	}
	in, err := f.Segments.In(ctx, customers)
	if err != nil {
		return nil, err
	}
	for i := range customers {
		for j, stratum := range f.c.Strata {
			if slices.Contains(in[i], stratum) {
				found[i] = append(found[i], int32(j))
			}
		}
	}
	return found, nil
}

// meanwhile counts who takes part in campaigns that were started after this one began to
// be, or are just being started: of two at once the last to end its start sees everybody
// of the other.
func (f *freeze) meanwhile(ctx context.Context) error {
	var late []*Campaign
	for _, state := range []State{Starting, Running} {
		found, err := f.Store.in(ctx, state)
		if err != nil {
			return err
		}
		late = append(late, found...)
	}
	seen := map[string]bool{f.c.ID: true}
	for _, id := range f.state.Others {
		seen[id] = true
	}
	late = slices.DeleteFunc(late, func(c *Campaign) bool {
		known := seen[c.ID]
		seen[c.ID] = true // it may have begun to run between the two readings
		return known
	})
	if len(late) == 0 {
		return nil
	}
	for docs, err := range f.Store.all(ctx, f.c, "", partSize) {
		if err != nil {
			return err
		}
		customers := make([]string, len(docs))
		for i, d := range docs {
			customers[i] = d.customer()
		}
		if err := f.overlap(ctx, customers, late); err != nil {
			return err
		}
	}
	return nil
}

// overlap counts who takes part in other campaigns.
func (f *freeze) overlap(ctx context.Context, customers []string, others []*Campaign) error {
	for _, other := range others {
		ids := make([]string, len(customers))
		for i, c := range customers {
			ids[i] = docstore.ID(other.ID, c)
		}
		there, err := f.Store.assignments.Exist(ctx, ids)
		if err != nil {
			return err
		}
		n := int64(0)
		for _, is := range there {
			if is {
				n++
			}
		}
		if n == 0 {
			continue
		}
		i := slices.IndexFunc(f.state.Overlaps, func(o Overlap) bool { return o.Campaign == other.ID })
		if i < 0 {
			i, f.state.Overlaps = len(f.state.Overlaps), append(f.state.Overlaps, Overlap{Campaign: other.ID})
		}
		f.state.Overlaps[i].Customers += n
	}
	return nil
}

// finish makes the campaign run: one write.
func (f *freeze) finish(ctx context.Context) (*Campaign, error) {
	n := f.state.Treated + f.state.HeldOut
	now := f.Store.instant()
	switch {
	case n == 0:
		return nil, fault.New(fault.FailedPrecondition, "CAMPAIGN_EMPTY", "nobody takes part in campaign %q", f.c.ID)
	case !f.c.End.After(now):
		return nil, ends(f.c)
	}
	if err := f.meanwhile(ctx); err != nil {
		return nil, err
	}
	return f.Store.Change(ctx, f.c.ID, func(c *Campaign) error {
		if c.State != Starting || c.Operation != f.c.Operation {
			return fmt.Errorf("campaign %s: %w", c.ID, docstore.ErrConflict)
		}
		c.State, c.Start = Running, now
		c.Population, c.Treated, c.HeldOut, c.Generation = n, f.state.Treated, f.state.HeldOut, f.state.Generation
		c.Baseline, c.Overlaps, c.MissingAtFreeze = &f.state.Baseline, f.state.Overlaps, f.state.Missing
		return nil
	})
}
