package journey

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Customers find a customer by the id of any of its records.
type Customers interface {
	View(ctx context.Context, id string) (domain.Customer, error)
}

// Consents refuse what a customer does not allow.
type Consents interface {
	Require(ctx context.Context, customer, purpose string) error
}

// purpose is what one customer's journey is looked at for: a machine judges where
// the customer stands.
const purpose = "segmentation"

// Server is profile's JourneyService.
type Server struct {
	profilev1.UnimplementedJourneyServiceServer

	store     *Store
	customers Customers
	consents  Consents
	reader    *activity.Reader
	now       func() time.Time
}

// NewServer makes the JourneyService.
func NewServer(s *Store, c Customers, consents Consents, r *activity.Reader, clock func() time.Time) *Server {
	return &Server{store: s, customers: c, consents: consents, reader: r, now: clock}
}

// customer is the one to whom a record belongs and who allows being looked at.
func (s *Server) customer(ctx context.Context, id string) (domain.Customer, error) {
	c, err := s.customers.View(ctx, id)
	if err == nil {
		err = s.consents.Require(ctx, c.ID, purpose)
	}
	return c, err
}

// GetJourneyPolicy returns the policy in force.
func (s *Server) GetJourneyPolicy(ctx context.Context, r *profilev1.GetJourneyPolicyRequest) (*profilev1.JourneyPolicy, error) {
	if err := checkPolicyName("name", r.GetName()); err != nil {
		return nil, err
	}
	return s.store.Policy(ctx)
}

// UpdateJourneyPolicy changes the policy.
func (s *Server) UpdateJourneyPolicy(ctx context.Context, r *profilev1.UpdateJourneyPolicyRequest) (*profilev1.JourneyPolicy, error) {
	given := r.GetJourneyPolicy()
	if err := checkPolicyName("journey_policy.name", given.GetName()); err != nil {
		return nil, err
	}
	paths, err := changed(r)
	if err != nil {
		return nil, err
	}
	change := func(p *profilev1.JourneyPolicy) error {
		if err := etag.Check(given.GetEtag(), p.GetVersion()); err != nil {
			return err
		}
		if slices.Contains(paths, "rules") {
			if p.Rules = given.GetRules(); len(p.Rules) == 0 {
				p.Rules = DefaultRules()
			}
		}
		if slices.Contains(paths, "time_zone") {
			p.TimeZone = given.GetTimeZone()
		}
		_, err := Compile("journey_policy", p)
		return err
	}
	if r.GetValidateOnly() {
		p, err := s.store.Policy(ctx)
		if err != nil {
			return nil, err
		}
		return p, change(p)
	}
	return s.store.ChangePolicy(ctx, change)
}

// changed are the fields that an update is to change.
func changed(r *profilev1.UpdateJourneyPolicyRequest) ([]string, error) {
	all := []string{"rules", "time_zone"}
	var paths []string
	for _, path := range r.GetUpdateMask().GetPaths() {
		switch {
		case path == "*":
			return all, nil
		case !slices.Contains(all, path):
			return nil, fault.Invalid("update_mask", "must name rules or time_zone, or be \"*\", names %q", path)
		}
		paths = append(paths, path)
	}
	if len(paths) > 0 {
		return paths, nil
	}
	if len(r.GetJourneyPolicy().GetRules()) > 0 {
		paths = append(paths, "rules")
	}
	if r.GetJourneyPolicy().GetTimeZone() != "" {
		paths = append(paths, "time_zone")
	}
	return paths, nil
}

// GetCustomerJourney returns a customer's stage and how the customer came there.
func (s *Server) GetCustomerJourney(ctx context.Context, r *profilev1.GetCustomerJourneyRequest) (*profilev1.CustomerJourney, error) {
	id, err := journeyID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return s.journey(ctx, id)
}

func (s *Server) journey(ctx context.Context, id string) (*profilev1.CustomerJourney, error) {
	stored, err := s.store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	policy, err := Compile("", stored)
	if err != nil {
		return nil, err
	}
	customer, err := s.customer(ctx, id)
	if err != nil {
		return nil, err
	}
	asOf := s.now().UTC().Truncate(time.Millisecond)
	person, err := s.reader.Of(ctx, customer.ID, policy.Needs(), asOf)
	if err != nil {
		return nil, err
	}
	if person == nil {
		person = &activity.Person{} // merged or deleted meanwhile
	}
	settings, err := s.store.Of(ctx, append([]string{customer.ID}, customer.Merged...))
	if err != nil {
		return nil, err
	}
	transitions, err := policy.Transitions(ctx, person.Steps, settings)
	if err != nil {
		return nil, err
	}
	j := &profilev1.CustomerJourney{
		Name: journeyName(customer.ID), AsOf: timestamppb.New(asOf), TimeZone: policy.Zone.String(), PolicyVersion: policy.Version,
	}
	for i := range transitions {
		j.Transitions = append(j.Transitions, transitionProto(customer.ID, &transitions[i]))
	}
	if n := len(transitions); n > 0 {
		j.Stage, j.Since = profilev1.JourneyStage(transitions[n-1].To), j.Transitions[n-1].TransitionTime
	}
	return j, nil
}

// ListStageTransitions lists the transitions of a customer, newest first.
func (s *Server) ListStageTransitions(ctx context.Context, r *profilev1.ListStageTransitionsRequest) (*profilev1.ListStageTransitionsResponse, error) {
	id, err := customerID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	j, err := s.journey(ctx, id)
	if err != nil {
		return nil, err
	}
	all := j.GetTransitions()
	slices.Reverse(all)
	if after != nil {
		// Behind the one at which the page before ended; transitions that came since
		// stand in front of it.
		at := slices.IndexFunc(all, func(t *profilev1.StageTransition) bool { return t.GetName() == after.ID })
		all = all[at+1:]
	}
	answer := &profilev1.ListStageTransitionsResponse{Transitions: all}
	if len(all) > size {
		answer.Transitions = all[:size]
		answer.NextPageToken, err = aip.NextToken(&docstore.Position{ID: all[size-1].GetName()}, r)
	}
	return answer, err
}

// SetStage puts a customer at a stage.
func (s *Server) SetStage(ctx context.Context, r *profilev1.SetStageRequest) (*profilev1.StageTransition, error) {
	id, err := customerID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	if _, err := s.customer(ctx, id); err != nil {
		return nil, err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	set := Setting{
		Customer: id, ID: settingID(r), TimeMS: now.UnixMilli(), Stage: Stage(r.GetTransition().GetTo()),
		Reason: r.GetTransition().GetReason(), By: r.GetTransition().GetSetBy(),
	}
	if set.Reason == "" {
		return nil, fault.Invalid("transition.reason", "must say why")
	}
	if at := r.GetTransition().GetTransitionTime(); at != nil {
		if at.CheckValid() != nil || at.AsTime().After(now) || at.AsTime().Before(earliest) {
			return nil, fault.Invalid("transition.transition_time", "must be between %s and now", earliest.Format(time.RFC3339))
		}
		set.TimeMS = at.AsTime().UnixMilli()
	}
	stored, err := s.store.Set(ctx, set)
	if err != nil {
		return nil, err
	}
	if stored.Stage != set.Stage || stored.Reason != set.Reason || stored.By != set.By {
		return nil, fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id: was used with another transition; take a new one")
	}
	j, err := s.journey(ctx, id)
	if err != nil {
		return nil, err
	}
	name := transitionName(id, settingPrefix+set.ID)
	for _, t := range j.GetTransitions() {
		if t.GetName() == name {
			return t, nil
		}
	}
	return transitionProto(id, &Transition{To: stored.Stage, TimeMS: stored.TimeMS, Setting: &stored}), nil
}

var earliest = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)

// settingID is drawn from the request's key where it has one, so that a repeated
// call finds what the first one wrote.
func settingID(r *profilev1.SetStageRequest) string {
	if r.GetRequestId() == "" {
		return ulid.Make().String()
	}
	sum := sha256.Sum256([]byte(r.GetRequestId()))
	return hex.EncodeToString(sum[:13])
}
