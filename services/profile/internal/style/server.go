// Package style is profile's room for behaviour styles: dominant, analytical or
// social, judged from what salespeople saw and heard, never from orders.
//
//	style_observations _id customer!observation  what was observed
//
// What was observed is sealed under the customer's key. The judgement is not
// kept: it is made of the observations whenever it is asked for.
package style

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// Patterns of the resource names.
const (
	customerPattern    = "customers/{customer}"
	stylePattern       = "customers/{customer}/behaviorStyle"
	observationPattern = "customers/{customer}/styleObservations/{observation}"
	signPattern        = "styleSigns/{sign}"
)

// mostObservations is how many observations a judgement is made of, the latest.
const mostObservations = 500

// byTime orders observations by customer and time.
const byTime = "by_time"

// observation is an observation as it is stored.
type observation struct {
	docstore.Meta `bson:",inline"`
	Customer      string         `bson:"customer"`
	ObservedAt    time.Time      `bson:"observed_at"`
	Content       []byte         `bson:"content"` // a StyleObservation
	Request       aip.RequestKey `bson:"request"`
}

// Customers is what the room needs of customers.
type Customers interface {
	GetCustomer(context.Context, *profilev1.GetCustomerRequest) (*profilev1.Customer, error)
}

// Family tells which records are one customer, since they were merged: at least
// the one asked for.
type Family interface {
	Members(ctx context.Context, customer string) ([]string, error)
}

// Judging tells of each customer whether it may be judged by a machine: whether it
// has not opted out of that.
type Judging func(ctx context.Context, customers []string) ([]bool, error)

// Deps is what the room is given.
type Deps struct {
	Engine    docstore.Engine
	Vault     sealed.Vault
	Customers Customers
	Family    Family
	Judging   Judging
	Clock     func() time.Time
}

// Server is the StyleService. It is safe for concurrent use.
type Server struct {
	profilev1.UnimplementedStyleServiceServer
	docs      *docstore.Collection[observation]
	vault     sealed.Vault
	customers Customers
	family    Family
	judging   Judging
	reader    *reader
	clock     func() time.Time
}

// New opens the room's collection.
func New(ctx context.Context, d Deps) (*Server, error) {
	docs, err := docstore.Open(ctx, d.Engine, docstore.Schema[observation]{
		Name: "style_observations", Changes: true,
		Indexes: []docstore.Index[observation]{{Name: byTime, Key: func(o *observation) string {
			return docstore.Key(docstore.String(o.Customer), docstore.Time(o.ObservedAt))
		}}},
	}, docstore.WithClock(d.Clock))
	return &Server{
		docs: docs, vault: d.Vault, customers: d.Customers, family: d.Family, judging: d.Judging, reader: newReader(), clock: d.Clock,
	}, err
}

// now is in the precision of the store.
func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// customer reads the customer of a style's name, who must exist and must not have
// opted out of being judged.
func (s *Server) customer(ctx context.Context, name string) (id string, err error) {
	if err := aip.ParseName("name", name, stylePattern, &id); err != nil {
		return "", err
	}
	if _, err = s.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: aip.Name(customerPattern, id)}); err != nil {
		return "", err
	}
	allowed, err := s.judging(ctx, []string{id})
	if err == nil && !allowed[0] {
		err = fault.New(fault.FailedPrecondition, "CONSENT_MISSING", "customer %q has opted out of being judged by a machine", id)
	}
	return id, err
}

func obsPlace(id string) string { return "style_observations!" + id }

// read opens a stored observation.
func (s *Server) read(ctx context.Context, doc *observation) (*profilev1.StyleObservation, error) {
	o := &profilev1.StyleObservation{}
	if err := sealed.Open(ctx, s.vault, doc.Customer, obsPlace(doc.ID), doc.Content, o); err != nil {
		return nil, err
	}
	ids := docstore.ParseID(doc.ID)
	o.Name, o.ObserveTime = aip.Name(observationPattern, ids[0], ids[1]), timestamppb.New(doc.ObservedAt)
	return o, nil
}

// latest are the latest observations of a customer and of its merged records.
func (s *Server) latest(ctx context.Context, customer string) ([]*profilev1.StyleObservation, error) {
	members, err := s.family.Members(ctx, customer)
	if err != nil {
		return nil, err
	}
	var all []*profilev1.StyleObservation
	for _, member := range members {
		r := docstore.Within(docstore.Key(docstore.String(member)))
		r.Index, r.Reverse, r.Limit = byTime, true, mostObservations
		for doc, err := range s.docs.Scan(ctx, r) {
			if err != nil {
				return nil, err
			}
			o, err := s.read(ctx, doc)
			if err != nil {
				return nil, err
			}
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(a, b *profilev1.StyleObservation) int {
		return b.GetObserveTime().AsTime().Compare(a.GetObserveTime().AsTime())
	})
	return all[:min(len(all), mostObservations)], nil
}

// GetBehaviorStyle judges the style of a customer.
func (s *Server) GetBehaviorStyle(ctx context.Context, r *profilev1.GetBehaviorStyleRequest) (*profilev1.BehaviorStyle, error) {
	customer, err := s.customer(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return s.judged(ctx, customer)
}

// judged is the style of a customer, with further observations.
func (s *Server) judged(ctx context.Context, customer string, more ...*profilev1.StyleObservation) (*profilev1.BehaviorStyle, error) {
	all, err := s.latest(ctx, customer)
	if err != nil {
		return nil, err
	}
	b := judge(append(more, all[:min(len(all), mostObservations-len(more))]...))
	b.Name, b.AsOf = aip.Name(stylePattern, customer), timestamppb.New(s.now())
	return b, nil
}

// ObserveBehavior records an observation.
func (s *Server) ObserveBehavior(ctx context.Context, r *profilev1.ObserveBehaviorRequest) (*profilev1.BehaviorStyle, error) {
	customer, err := s.customer(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	o, at, err := s.observed(r.GetObservation())
	if err != nil {
		return nil, aip.Within("observation", err)
	}
	if r.GetValidateOnly() {
		return s.judged(ctx, customer, o)
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	doc := &observation{
		Meta:     docstore.Meta{ID: docstore.ID(customer, key.NewID("ObserveBehavior "+customer))},
		Customer: customer, ObservedAt: at, Request: key,
	}
	if doc.Content, err = sealed.Seal(ctx, s.vault, customer, obsPlace(doc.ID), o); err != nil {
		return nil, err
	}
	if err := s.insert(ctx, doc); err != nil {
		return nil, err
	}
	return s.judged(ctx, customer)
}

// insert writes an observation, unless the same request did before.
func (s *Server) insert(ctx context.Context, doc *observation) error {
	err := s.docs.Insert(ctx, doc)
	if !errors.Is(err, docstore.ErrConflict) {
		return err
	}
	existing, err := s.docs.Get(ctx, doc.ID)
	if err != nil {
		return err
	}
	ids := docstore.ParseID(doc.ID)
	return doc.Request.Repeats(existing.Request, "observation", aip.Name(observationPattern, ids[0], ids[1]), "OBSERVATION_EXISTS")
}

// observed checks an observation, reads its note, and tells when it was made.
func (s *Server) observed(given *profilev1.StyleObservation) (*profilev1.StyleObservation, time.Time, error) {
	o := proto.Clone(given).(*profilev1.StyleObservation)
	o.Name, o.Matches, o.ObserveTime = "", nil, nil
	at, err := aip.Instant("observe_time", given.GetObserveTime())
	if err == nil {
		err = aip.CheckText(o)
	}
	if err != nil {
		return nil, at, err
	}
	now := s.now()
	switch {
	case at.IsZero():
		at = now
	case at.After(now.Add(time.Hour)): // clocks differ
		return nil, at, fault.Invalid("observe_time", "must not lie in the future")
	}
	for i, name := range o.GetSigns() {
		if signOf(name) == nil {
			return nil, at, fault.Invalid("signs", "must be signs of the checklist (see styleSigns), such as styleSigns/interrupts: %q is none", name)
		}
		if slices.Contains(o.GetSigns()[:i], name) {
			return nil, at, fault.Invalid("signs", "must name each sign once")
		}
	}
	if len(o.GetSigns()) == 0 && o.GetNote() == "" {
		return nil, at, fault.Invalid("signs", "must be given, or a note")
	}
	o.Matches = s.reader.read(o.GetNote())
	return o, at, nil
}

// ListStyleObservations lists the observations of a customer, the latest first.
func (s *Server) ListStyleObservations(ctx context.Context, r *profilev1.ListStyleObservationsRequest) (*profilev1.ListStyleObservationsResponse, error) {
	var customer string
	if err := aip.ParseName("parent", r.GetParent(), customerPattern, &customer); err != nil {
		return nil, err
	}
	span := docstore.Within(docstore.Key(docstore.String(customer)))
	span.Index, span.Reverse = byTime, true
	var err error
	if span.After, span.Limit, err = aip.Place(r); err != nil {
		return nil, err
	}
	docs, next, err := s.docs.Page(ctx, span)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListStyleObservationsResponse{StyleObservations: make([]*profilev1.StyleObservation, len(docs))}
	for i, doc := range docs {
		if answer.StyleObservations[i], err = s.read(ctx, doc); err != nil {
			return nil, err
		}
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// DeleteStyleObservation deletes an observation.
func (s *Server) DeleteStyleObservation(ctx context.Context, r *profilev1.DeleteStyleObservationRequest) (*emptypb.Empty, error) {
	var customer, id string
	if err := aip.ParseName("name", r.GetName(), observationPattern, &customer, &id); err != nil {
		return nil, err
	}
	err := s.docs.Delete(ctx, docstore.ID(customer, id), docstore.Any)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, fault.New(fault.NotFound, "OBSERVATION_NOT_FOUND", "there is no observation %q", id)
	}
	return &emptypb.Empty{}, err
}

// ListStyleSigns lists the checklist.
func (s *Server) ListStyleSigns(_ context.Context, r *profilev1.ListStyleSignsRequest) (*profilev1.ListStyleSignsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListStyleSignsResponse{}
	for i := range signs {
		if after != nil && signs[i].id <= after.ID {
			continue
		}
		if len(answer.StyleSigns) == size {
			answer.NextPageToken, err = aip.NextToken(&docstore.Position{ID: signs[i-1].id}, r)
			break
		}
		answer.StyleSigns = append(answer.StyleSigns, signs[i].message())
	}
	return answer, err
}

// Any reports whether there are observations of a customer.
func (s *Server) Any(ctx context.Context, customer string) (bool, error) {
	r := docstore.Within(docstore.ID(customer))
	r.Limit = 1
	for _, err := range s.docs.ScanRaw(ctx, r) {
		return err == nil, err
	}
	return false, nil
}

// SweepTombstones removes what is left of observations deleted before a time.
func (s *Server) SweepTombstones(ctx context.Context, before time.Time) error {
	_, err := s.docs.Sweep(ctx, before)
	return err
}
