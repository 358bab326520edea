package campaigns

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

type campaignDoc struct {
	docstore.Meta `bson:",inline"`
	NameEn        string         `bson:"name_en,omitempty"`
	NameZh        string         `bson:"name_zh,omitempty"`
	Description   string         `bson:"description,omitempty"`
	Segment       string         `bson:"segment,omitempty"`
	Rule          string         `bson:"rule,omitempty"`
	Share         float64        `bson:"share"`
	End           time.Time      `bson:"end"`
	Currency      string         `bson:"currency"`
	Level         float64        `bson:"level"`
	Strata        []string       `bson:"strata,omitempty"`
	Strategy      string         `bson:"strategy,omitempty"`
	Action        string         `bson:"action,omitempty"`
	State         State          `bson:"state"`
	Operation     string         `bson:"operation,omitempty"`
	Start         time.Time      `bson:"start,omitempty"`
	Stop          time.Time      `bson:"stop,omitempty"`
	Population    int64          `bson:"population"`
	Treated       int64          `bson:"treated"`
	HeldOut       int64          `bson:"held_out"`
	Generation    int64          `bson:"generation,omitempty"`
	Baseline      *Baseline      `bson:"baseline,omitempty"`
	Overlaps      []Overlap      `bson:"overlaps,omitempty"`
	Missing       int64          `bson:"missing,omitempty"`
	Result        *Result        `bson:"result,omitempty"`
	Hidden        []string       `bson:"hidden,omitempty"`
	Request       aip.RequestKey `bson:"request"`
	CreateTime    time.Time      `bson:"create_time"`
	UpdateTime    time.Time      `bson:"update_time"`
}

func (d *campaignDoc) set(c *Campaign) {
	*d = campaignDoc{
		Meta: d.Meta, NameEn: c.NameEn, NameZh: c.NameZh, Description: c.Description, Segment: c.Segment, Rule: c.Rule,
		Share: c.Share, End: c.End, Currency: c.Currency, Level: c.Level, Strata: c.Strata, Strategy: c.Strategy, Action: c.Action,
		State: c.State, Operation: c.Operation, Start: c.Start, Stop: c.Stop, Population: c.Population, Treated: c.Treated,
		HeldOut: c.HeldOut, Generation: c.Generation, Baseline: c.Baseline, Overlaps: c.Overlaps, Missing: c.MissingAtFreeze,
		Result: c.Result, Hidden: c.Hidden, Request: c.Request, CreateTime: c.CreateTime, UpdateTime: c.UpdateTime,
	}
}

func (d *campaignDoc) campaign() *Campaign {
	return &Campaign{
		ID: d.ID, NameEn: d.NameEn, NameZh: d.NameZh, Description: d.Description, Segment: d.Segment, Rule: d.Rule,
		Share: d.Share, End: d.End, Currency: d.Currency, Level: d.Level, Strata: d.Strata, Strategy: d.Strategy, Action: d.Action,
		State: d.State, Operation: d.Operation, Start: d.Start, Stop: d.Stop, Population: d.Population, Treated: d.Treated,
		HeldOut: d.HeldOut, Generation: d.Generation, Baseline: d.Baseline, Overlaps: d.Overlaps, MissingAtFreeze: d.Missing,
		Result: d.Result, Hidden: d.Hidden, Request: d.Request, CreateTime: d.CreateTime, UpdateTime: d.UpdateTime, Version: d.Version,
	}
}

// assignmentDoc is a customer's part in a campaign.
type assignmentDoc struct {
	docstore.Meta `bson:",inline"`
	HeldOut       bool    `bson:"h"`
	Strata        []int32 `bson:"s,omitempty"` // indexes of the campaign's strata
}

func (d *assignmentDoc) arm() Arm {
	if d.HeldOut {
		return HeldOut
	}
	return Treated
}

func (d *assignmentDoc) customer() string { return docstore.ParseID(d.ID)[1] }

const byState = "by_state"

// Store keeps the collections of the room.
type Store struct {
	campaigns   *docstore.Collection[campaignDoc]
	assignments *docstore.Collection[assignmentDoc]
	now         func() time.Time
}

// OpenStore opens the collections.
func OpenStore(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	campaigns, errCampaigns := docstore.Open(ctx, engine, docstore.Schema[campaignDoc]{
		Name: "campaigns",
		Indexes: []docstore.Index[campaignDoc]{{Name: byState, Key: func(d *campaignDoc) string {
			return docstore.Key(docstore.Int(int64(d.State)), docstore.String(d.ID))
		}}},
	}, docstore.WithClock(clock))
	assignments, errAssignments := docstore.Open(ctx, engine, docstore.Schema[assignmentDoc]{Name: "campaign_assignments"}, docstore.WithClock(clock))
	return &Store{campaigns, assignments, clock}, errors.Join(errCampaigns, errAssignments)
}

func (s *Store) instant() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

func notFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "CAMPAIGN_NOT_FOUND", "there is no campaign %q", id).With("campaign", "campaigns/"+id)
}

// Get returns a campaign, or the fault CAMPAIGN_NOT_FOUND.
func (s *Store) Get(ctx context.Context, id string) (*Campaign, error) {
	doc, err := s.campaigns.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, err
	}
	return doc.campaign(), nil
}

// Page lists campaigns in the order of their ids.
func (s *Store) Page(ctx context.Context, after *docstore.Position, size int) ([]*Campaign, *docstore.Position, error) {
	docs, next, err := s.campaigns.Page(ctx, docstore.Range{After: after, Limit: size})
	return each(docs, (*campaignDoc).campaign), next, err
}

// in are the campaigns in a state. There are few.
func (s *Store) in(ctx context.Context, state State) ([]*Campaign, error) {
	r := docstore.Within(docstore.Key(docstore.Int(int64(state))))
	r.Index = byState
	docs, _, err := s.campaigns.Page(ctx, r)
	return each(docs, (*campaignDoc).campaign), err
}

// Naming are the names of the campaigns that have not ended and whose population is of a
// segment, or told apart by it.
func (s *Store) Naming(ctx context.Context, segment string) (names []string, err error) {
	for _, state := range []State{Draft, Starting, Running} {
		found, err := s.in(ctx, state)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if c.Segment == segment || slices.Contains(c.Strata, segment) {
				names = append(names, campaignName(c.ID))
			}
		}
	}
	return names, nil
}

// Insert stores a new campaign, or returns docstore.ErrConflict.
func (s *Store) Insert(ctx context.Context, c *Campaign) error {
	doc := &campaignDoc{Meta: docstore.Meta{ID: c.ID}}
	doc.set(c)
	err := s.campaigns.Insert(ctx, doc)
	c.Version = doc.Version
	return err
}

// Change alters a campaign.
func (s *Store) Change(ctx context.Context, id string, change func(*Campaign) error) (*Campaign, error) {
	doc, err := s.campaigns.Update(ctx, id, func(d *campaignDoc) error {
		c := d.campaign()
		if err := change(c); err != nil {
			return err
		}
		c.UpdateTime = s.instant()
		d.set(c)
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, err
	}
	return doc.campaign(), nil
}

// Delete removes a campaign at a version, its assignments first: where it breaks off,
// it is to be made again.
func (s *Store) Delete(ctx context.Context, id string, version int64) error {
	if err := s.forget(ctx, id, ""); err != nil {
		return err
	}
	return s.campaigns.Delete(ctx, id, version)
}

// forget removes the assignments of a campaign behind a customer.
func (s *Store) forget(ctx context.Context, id, after string) error {
	return s.assignments.Purge(ctx, behind(id, after))
}

// behind is the range of a campaign's assignments behind a customer; empty for all.
func behind(id, after string) docstore.Range {
	r := docstore.Within(docstore.ID(id))
	if after != "" {
		r.From = docstore.ID(id, after) + `"` // the lowest that can continue an id
	}
	return r
}

// assign writes assignments, whatever is there.
func (s *Store) assign(ctx context.Context, docs []*assignmentDoc) error {
	ops := make([]docstore.Op[assignmentDoc], len(docs))
	for i, d := range docs {
		ops[i] = docstore.Op[assignmentDoc]{Doc: d, Expect: docstore.Any}
	}
	errs, err := s.assignments.Write(ctx, ops)
	return errors.Join(append(errs, err)...)
}

// assignment returns a customer's part, or the fault ASSIGNMENT_NOT_FOUND.
func (s *Store) assignment(ctx context.Context, c *Campaign, customer string) (*assignmentDoc, error) {
	doc, err := s.assignments.Get(ctx, docstore.ID(c.ID, customer))
	if errors.Is(err, docstore.ErrNotFound) || err == nil && (slices.Contains(c.Hidden, customer) || !c.assigned()) {
		return nil, fault.New(fault.NotFound, "ASSIGNMENT_NOT_FOUND", "customer %q takes no part in campaign %q", customer, c.ID)
	}
	return doc, err
}

// assigned tells whether the assignments are those of the campaign, not such as are
// being made.
func (c *Campaign) assigned() bool { return c.State == Running || c.State == Ended }

// page lists the assignments of a campaign in the order of the customers' ids.
func (s *Store) page(ctx context.Context, c *Campaign, after *docstore.Position, size int) ([]*assignmentDoc, *docstore.Position, error) {
	if !c.assigned() {
		return nil, nil, nil
	}
	r := behind(c.ID, "")
	r.After, r.Limit = after, size
	docs, next, err := s.assignments.Page(ctx, r)
	return slices.DeleteFunc(docs, func(d *assignmentDoc) bool { return slices.Contains(c.Hidden, d.customer()) }), next, err
}

// all yields the assignments of a campaign behind a customer in parts of some size.
func (s *Store) all(ctx context.Context, c *Campaign, after string, size int) iter.Seq2[[]*assignmentDoc, error] {
	return func(yield func([]*assignmentDoc, error) bool) {
		r := behind(c.ID, after)
		r.Limit = size
		for {
			docs, next, err := s.assignments.Page(ctx, r)
			if err != nil {
				yield(nil, err)
				return
			}
			docs = slices.DeleteFunc(docs, func(d *assignmentDoc) bool { return slices.Contains(c.Hidden, d.customer()) })
			if len(docs) > 0 && !yield(docs, nil) || next == nil {
				return
			}
			r.After = next
		}
	}
}

// Sweep removes tombstones from before an instant.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	_, errCampaigns := s.campaigns.Sweep(ctx, before)
	_, errAssignments := s.assignments.Sweep(ctx, before)
	return errors.Join(errCampaigns, errAssignments)
}
