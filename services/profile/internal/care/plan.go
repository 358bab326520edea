package care

import (
	"cmp"
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// planFields are the fields of a plan that a caller sets.
var planFields = []string{"manager", "paused_until", "notes"}

// handoverGrace is how long a handover has before the sweep finishes it.
const handoverGrace = time.Minute

func planPlace(id string) string { return "care_plans!" + id }

// readPlan is a plan as the API has it; an empty one for nil.
func (s *Server) readPlan(ctx context.Context, customer string, doc *plan) (*profilev1.CarePlan, error) {
	p := &profilev1.CarePlan{}
	if doc != nil {
		if err := sealed.Open(ctx, s.vault, customer, planPlace(doc.ID), doc.Content, p); err != nil {
			return nil, err
		}
		p.Manager, p.PausedUntil = doc.Manager, aip.Date(doc.PausedUntil)
		p.UpdateTime, p.Etag = aip.Timestamp(doc.UpdatedAt), etag.Of(doc.Version)
	}
	p.Name = aip.Name(planPattern, customer)
	return p, nil
}

// storedPlan is the plan of a customer, nil where none was written.
func (s *Server) storedPlan(ctx context.Context, customer string) (*plan, error) {
	doc, err := s.plans.Get(ctx, docstore.ID(customer))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	return doc, err
}

// GetCarePlan returns the plan of a customer.
func (s *Server) GetCarePlan(ctx context.Context, r *profilev1.GetCarePlanRequest) (*profilev1.CarePlan, error) {
	customer, err := s.customer(ctx, "name", r.GetName(), planPattern)
	if err != nil {
		return nil, err
	}
	doc, err := s.storedPlan(ctx, customer)
	if err != nil {
		return nil, err
	}
	return s.readPlan(ctx, customer, doc)
}

// UpdateCarePlan changes the fields that the mask names. The plan says first that
// tasks may still have the manager before; then they are given to the new one.
func (s *Server) UpdateCarePlan(ctx context.Context, r *profilev1.UpdateCarePlanRequest) (*profilev1.CarePlan, error) {
	customer, err := s.customer(ctx, "care_plan.name", r.GetCarePlan().GetName(), planPattern)
	if err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), r.GetCarePlan(), planFields)
	if err != nil {
		return nil, err
	}
	var edited *profilev1.CarePlan
	doc, err := s.plans.Upsert(ctx, docstore.ID(customer), func(doc *plan, exists bool) error {
		if err := etag.Check(r.GetCarePlan().GetEtag(), doc.Version); err != nil {
			return err
		}
		stored := doc
		if !exists {
			stored = nil
		}
		if edited, err = s.readPlan(ctx, customer, stored); err != nil {
			return err
		}
		before := proto.Clone(edited)
		aip.Take(edited, r.GetCarePlan(), fields)
		if proto.Equal(before, edited) || r.GetValidateOnly() {
			if err := s.checkPlan(edited); err != nil {
				return err
			}
			return docstore.ErrUnchanged
		}
		return s.fillPlan(ctx, customer, doc, edited)
	})
	if err != nil {
		return nil, aip.Within("care_plan", err)
	}
	if r.GetValidateOnly() || doc == nil {
		return edited, nil
	}
	if !doc.HandingOver.IsZero() {
		if err := s.handOver(ctx, customer); err != nil {
			return nil, err
		}
		if doc, err = s.storedPlan(ctx, customer); err != nil {
			return nil, err
		}
	}
	return s.readPlan(ctx, customer, doc)
}

func (s *Server) checkPlan(p *profilev1.CarePlan) error {
	if err := aip.CheckText(aip.Only(p, planFields)); err != nil {
		return err
	}
	_, err := aip.Day("paused_until", p.GetPausedUntil())
	return err
}

// fillPlan writes a plan into its document.
func (s *Server) fillPlan(ctx context.Context, customer string, doc *plan, p *profilev1.CarePlan) error {
	if err := s.checkPlan(p); err != nil {
		return err
	}
	if p.GetManager() != doc.Manager {
		doc.HandingOver = s.now()
	}
	doc.Manager = p.GetManager()
	var err error
	if doc.PausedUntil, err = aip.Day("paused_until", p.GetPausedUntil()); err != nil {
		return err
	}
	doc.Content, err = sealed.Seal(ctx, s.vault, customer, planPlace(doc.ID), aip.Only(p, []string{"notes"}))
	return err
}

// managerOf is who looks after a customer.
func (s *Server) managerOf(ctx context.Context, customer string) (string, error) {
	doc, err := s.storedPlan(ctx, customer)
	if err != nil {
		return "", err
	}
	policy, err := s.policy(ctx)
	if err != nil {
		return "", err
	}
	if doc == nil {
		return policy.GetDefaultManager(), nil
	}
	return cmp.Or(doc.Manager, policy.GetDefaultManager()), nil
}

// handOver gives what is planned for a customer to whoever looks after it now.
func (s *Server) handOver(ctx context.Context, customer string) error {
	begun, err := s.storedPlan(ctx, customer)
	if err != nil || begun == nil || begun.HandingOver.IsZero() {
		return err
	}
	manager, err := s.managerOf(ctx, customer)
	if err != nil {
		return err
	}
	r := docstore.Within(docstore.Key(docstore.String(customer), stateKey(planned)))
	r.Index = byCustomer
	for doc, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return err
		}
		if !doc.Follows || doc.Manager == manager {
			continue
		}
		_, err = s.docs.Update(ctx, doc.ID, func(t *task) error {
			if !t.Follows || t.State != planned || t.Manager == manager {
				return docstore.ErrUnchanged
			}
			t.Manager = manager
			return nil
		})
		if err != nil && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
	}
	_, err = s.plans.Update(ctx, docstore.ID(customer), func(p *plan) error {
		if p.Manager != begun.Manager || p.HandingOver.IsZero() {
			return docstore.ErrUnchanged // a later handover is under way
		}
		p.HandingOver = time.Time{}
		return nil
	})
	return err
}

// Sweep finishes handovers that broke off more than a minute ago.
func (s *Server) Sweep(ctx context.Context) error {
	var ids []string
	r := docstore.Range{Index: handingOver, To: docstore.Key(docstore.Time(s.now().Add(-handoverGrace))), Limit: 1000}
	for doc, err := range s.plans.Scan(ctx, r) {
		if err != nil {
			return err
		}
		ids = append(ids, docstore.ParseID(doc.ID)[0])
	}
	var errs []error
	for _, id := range ids {
		errs = append(errs, s.handOver(ctx, id))
	}
	return errors.Join(errs...)
}
