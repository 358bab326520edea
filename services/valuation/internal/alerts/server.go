package alerts

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// Server is the AlertService.
type Server struct {
	valuationv1.UnimplementedAlertServiceServer
	Room *Room
}

// GetAlert returns one alert.
func (s *Server) GetAlert(ctx context.Context, r *valuationv1.GetAlertRequest) (*valuationv1.Alert, error) {
	a, err := s.Room.docs.Get(ctx, idOf(r.GetName()))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(r.GetName())
	}
	if err != nil {
		return nil, err
	}
	return s.Room.message(ctx, a), nil
}

func notFound(name string) error {
	return fault.New(fault.NotFound, "ALERT_NOT_FOUND", "there is no alert %q", name)
}

// ListAlerts lists alerts, the highest value at risk first.
func (s *Server) ListAlerts(ctx context.Context, r *valuationv1.ListAlertsRequest) (*valuationv1.ListAlertsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ListAlertsResponse{}
	if r.GetCustomerId() != "" {
		if f := ident.Check("customer_id", r.GetCustomerId()); f != nil {
			return nil, f
		}
		answer.Alerts, err = s.ofCustomer(ctx, r.GetCustomerId(), state(r.GetState()))
		return answer, err
	}
	within := docstore.Range{Index: byLive}
	if r.GetState() != valuationv1.AlertState_ALERT_STATE_UNSPECIFIED {
		within = docstore.Within(docstore.Key(docstore.Int(int64(r.GetState()))))
		within.Index = byState
	}
	within.After, within.Limit = after, size
	found, next, err := s.Room.docs.Page(ctx, within)
	if err != nil {
		return nil, err
	}
	for _, a := range found {
		answer.Alerts = append(answer.Alerts, s.Room.message(ctx, a))
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// ofCustomer is all alerts of a customer, whatever record they were raised for:
// a few at most.
func (s *Server) ofCustomer(ctx context.Context, customer string, in state) ([]*valuationv1.Alert, error) {
	customers := s.Room.customers.Members(ctx, s.Room.customers.Root(ctx, customer))
	if !slices.Contains(customers, customer) {
		customers = append(slices.Clone(customers), customer)
	}
	found, err := s.Room.ofCustomers(ctx, customers)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b *alert) int {
		return cmp.Or(cmp.Compare(b.Figures.AtRisk, a.Figures.AtRisk), cmp.Compare(a.ID, b.ID))
	})
	var all []*valuationv1.Alert
	for _, a := range found {
		if in == 0 || a.State == in {
			all = append(all, s.Room.message(ctx, a))
		}
	}
	return all, nil
}

// AcknowledgeAlert takes an alert up.
func (s *Server) AcknowledgeAlert(ctx context.Context, r *valuationv1.AcknowledgeAlertRequest) (*valuationv1.Alert, error) {
	return s.edit(ctx, r.GetName(), r.GetEtag(), func(a *alert) error {
		switch a.State {
		case closed:
			return alreadyClosed(a)
		case acknowledged:
			if a.AcknowledgedBy == r.GetAuthor() && r.GetNote() == "" {
				return docstore.ErrUnchanged
			}
		}
		if a.State == open {
			a.State, a.AcknowledgedBy, a.AcknowledgedAt = acknowledged, r.GetAuthor(), s.Room.now()
		}
		return a.note(r.GetAuthor(), r.GetNote(), s.Room.now())
	})
}

// CloseAlert closes an alert.
func (s *Server) CloseAlert(ctx context.Context, r *valuationv1.CloseAlertRequest) (*valuationv1.Alert, error) {
	why := uint8(r.GetReason())
	return s.edit(ctx, r.GetName(), r.GetEtag(), func(a *alert) error {
		if a.State == closed {
			if a.CloseReason == why && a.ClosedBy == r.GetAuthor() {
				return docstore.ErrUnchanged
			}
			return alreadyClosed(a)
		}
		if why == uint8(valuationv1.AlertCloseReason_ALERT_CLOSE_REASON_OTHER) && r.GetNote() == "" {
			return fault.Invalid("note", "must say what the reason is where it is none of the others")
		}
		a.close(r.GetAuthor(), why, s.Room.now())
		return a.note(r.GetAuthor(), r.GetNote(), s.Room.now())
	})
}

func alreadyClosed(a *alert) error {
	return fault.New(fault.FailedPrecondition, "ALERT_CLOSED", "the alert was closed by %q on %s; a later refresh raises a new one where it must",
		a.ClosedBy, a.ClosedAt.Format(time.DateOnly))
}

func (a *alert) note(author, text string, at time.Time) error {
	if text == "" {
		return nil
	}
	if len(a.Notes) >= mostNotes {
		return fault.New(fault.FailedPrecondition, "TOO_MANY_NOTES", "the alert has %d notes already; close it, or leave note empty", mostNotes)
	}
	a.Notes = append(a.Notes, note{at, author, text})
	return nil
}

func (s *Server) edit(ctx context.Context, name, tag string, change func(*alert) error) (*valuationv1.Alert, error) {
	a, err := s.Room.docs.Update(ctx, idOf(name), func(a *alert) error {
		if err := etag.Check(tag, a.Version); err != nil {
			return err
		}
		return change(a)
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(name)
	}
	if err != nil {
		return nil, err
	}
	return s.Room.message(ctx, a), nil
}

// Messages yields the alerts of some customers.
func (r *Room) Messages(ctx context.Context, customers []string) iter.Seq2[*valuationv1.Alert, error] {
	return func(yield func(*valuationv1.Alert, error) bool) {
		found, err := r.ofCustomers(ctx, customers)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, a := range found {
			if !yield(r.message(ctx, a), nil) {
				return
			}
		}
	}
}

func (r *Room) message(ctx context.Context, a *alert) *valuationv1.Alert {
	f := &a.Figures
	m := &valuationv1.Alert{
		Name: nameOf(a.ID), CustomerId: r.customers.Root(ctx, a.Customer),
		Kind: valuationv1.AlertKind(a.Kind), State: valuationv1.AlertState(a.State),
		ValueAtRisk: &apiv1.Money{MinorUnits: f.AtRisk, CurrencyCode: f.Currency}, LossProbability: f.Loss, ChurnRisk: f.Churn,
		ResidualValue: &apiv1.Money{MinorUnits: f.Residual, CurrencyCode: f.Currency},
		Reasons:       a.reasons(), Advice: a.advice(),
		Generation: a.Generation, LastGeneration: a.LastGeneration,
		CreateTime: timestamppb.New(a.CreatedAt), UpdateTime: timestamppb.New(a.UpdatedAt),
		AcknowledgedBy: a.AcknowledgedBy, AcknowledgeTime: instant(a.AcknowledgedAt),
		ClosedBy: a.ClosedBy, CloseTime: instant(a.ClosedAt), CloseReason: valuationv1.AlertCloseReason(a.CloseReason),
		Etag: etag.Of(a.Version),
	}
	if f.Before != nil {
		m.PreviousResidualValue = &apiv1.Money{MinorUnits: *f.Before, CurrencyCode: f.Currency}
	}
	for _, n := range a.Notes {
		m.Notes = append(m.Notes, &valuationv1.AlertNote{Time: timestamppb.New(n.At), Author: n.Author, Text: n.Text})
	}
	return m
}

func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
