package leads

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// Indexes of the leads. Where a key has a close date, leads without one come last.
const (
	byClose      = "by_close"       // state, close date
	byStage      = "by_stage"       // state, stage, close date
	byOwner      = "by_owner"       // owner, state, close date
	byOwnerStage = "by_owner_stage" // owner, state, stage, close date
	byCustomer   = "by_customer"    // customer, close date
	byReach      = "by_reach"       // of closed leads: state, furthest stage, time of closing
	byClosing    = "by_closing"     // of closed leads: time of closing
	converting   = "converting"     // of leads whose conversion is not done: since when
)

// noDate stands for a close date that is not known, behind all that are.
const noDate = "none"

func datePart(day string) docstore.KeyPart {
	if day == "" {
		day = noDate
	}
	return docstore.String(day)
}

func number[E ~int32](e E) docstore.KeyPart { return docstore.Int(int64(e)) }

func schema() docstore.Schema[record] {
	closed := func(r *record) bool { return !r.ClosedAt.IsZero() }
	return docstore.Schema[record]{Name: "leads", Changes: true, Indexes: []docstore.Index[record]{
		{Name: byClose, Key: func(r *record) string {
			return docstore.Key(number(r.State), datePart(r.CloseDate))
		}},
		{Name: byStage, Key: func(r *record) string {
			return docstore.Key(number(r.State), number(r.Stage), datePart(r.CloseDate))
		}},
		{Name: byOwner, Key: func(r *record) string {
			return docstore.Key(docstore.String(r.Owner), number(r.State), datePart(r.CloseDate))
		}},
		{Name: byOwnerStage, Key: func(r *record) string {
			return docstore.Key(docstore.String(r.Owner), number(r.State), number(r.Stage), datePart(r.CloseDate))
		}},
		{Name: byCustomer, Key: func(r *record) string {
			if r.Customer == "" {
				return ""
			}
			return docstore.Key(docstore.String(r.Customer), datePart(r.CloseDate))
		}},
		{Name: byReach, Key: func(r *record) string {
			if !closed(r) {
				return ""
			}
			return docstore.Key(number(r.State), number(r.Reached), docstore.Time(r.ClosedAt))
		}},
		{Name: byClosing, Key: func(r *record) string {
			if !closed(r) {
				return ""
			}
			return docstore.Key(docstore.Time(r.ClosedAt))
		}},
		{Name: converting, Key: func(r *record) string {
			if r.Conversion == nil || r.Conversion.Done {
				return ""
			}
			return docstore.Key(docstore.Time(r.Conversion.Since))
		}},
	}}
}

// store keeps the leads.
type store struct {
	docs  *docstore.Collection[record]
	vault sealed.Vault
}

func notFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "LEAD_NOT_FOUND", "there is no lead %q", id)
}

// found turns the store's word for what is missing into ours.
func found(err error, id string) error {
	if errors.Is(err, docstore.ErrNotFound) {
		return notFound(id)
	}
	return err
}

// change lets edit alter a lead and its record, and writes both if edit reports a
// change and how says so.
func (s *store) change(ctx context.Context, id string, validateOnly bool, edit func(*record, *profilev1.Lead) (bool, error)) (*profilev1.Lead, error) {
	var result *profilev1.Lead
	written, err := s.docs.Update(ctx, docstore.ID(id), func(r *record) error {
		l, err := open(ctx, s.vault, r)
		if err != nil {
			return err
		}
		result = l
		changed, err := edit(r, l)
		if err != nil {
			return err
		}
		if !changed || validateOnly {
			return docstore.ErrUnchanged
		}
		return fill(ctx, s.vault, r, l)
	})
	if err != nil {
		return nil, found(err, id)
	}
	if validateOnly {
		return result, nil
	}
	return open(ctx, s.vault, written)
}

// get is a lead, or a fault LEAD_NOT_FOUND.
func (s *store) get(ctx context.Context, id string) (*profilev1.Lead, error) {
	r, err := s.docs.Get(ctx, docstore.ID(id))
	if err != nil {
		return nil, found(err, id)
	}
	return open(ctx, s.vault, r)
}

// policyDoc is the policy as it is stored.
type policyDoc struct {
	docstore.Meta `bson:",inline"`
	Content       []byte `bson:"content"` // a LeadPolicy
}

const policyID = "policy"

// defaults fills what a policy leaves empty. The chances of the stages are a
// common reading of such pipelines; they give way to measured ones.
func defaults(p *profilev1.LeadPolicy) *profilev1.LeadPolicy {
	p = proto.Clone(p).(*profilev1.LeadPolicy)
	p.Name = "leadPolicy"
	if len(p.GetStageProbabilities()) == 0 {
		p.StageProbabilities = []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9}
	}
	if p.GetMinClosedLeads() == 0 {
		p.MinClosedLeads = 30
	}
	if p.GetWindowDays() == 0 {
		p.WindowDays = 730
	}
	return p
}

// window is where the closed leads begin that a policy measures.
func window(p *profilev1.LeadPolicy, now time.Time) time.Time {
	return now.AddDate(0, 0, -int(p.GetWindowDays()))
}

// SweepTombstones removes what is left of leads deleted before a time.
func (s *store) SweepTombstones(ctx context.Context, before time.Time) error {
	_, err := s.docs.Sweep(ctx, before)
	return err
}

// Any reports whether there are leads of a customer.
func (s *store) Any(ctx context.Context, customer string) (bool, error) {
	r := docstore.Within(docstore.Key(docstore.String(customer)))
	r.Index, r.Limit = byCustomer, 1
	for _, err := range s.docs.ScanRaw(ctx, r) {
		return err == nil, err
	}
	return false, nil
}
