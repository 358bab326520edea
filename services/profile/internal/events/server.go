package events

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// Server answers the EventService.
type Server struct {
	store    *Store
	recorder *Recorder
}

// NewServer makes the EventService.
func NewServer(s *Store, r *Recorder) *Server { return &Server{s, r} }

// IngestEvents takes in events, each by itself.
func (h *Server) IngestEvents(ctx context.Context, r *profilev1.IngestEventsRequest) (*profilev1.IngestEventsResponse, error) {
	statuses, err := h.ingest(ctx, r.GetEvents(), r.GetValidateOnly())
	if err != nil {
		return nil, err
	}
	return &profilev1.IngestEventsResponse{Statuses: statuses}, nil
}

// IngestEventStream is IngestEvents for a stream of batches.
func (h *Server) IngestEventStream(stream grpc.BidiStreamingServer[profilev1.IngestEventStreamRequest, profilev1.IngestEventStreamResponse]) error {
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		statuses, err := h.ingest(stream.Context(), batch.GetEvents(), false)
		if err != nil {
			return err
		}
		answer := &profilev1.IngestEventStreamResponse{Statuses: statuses, Sequence: batch.GetSequence()}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

func (h *Server) ingest(ctx context.Context, events []*profilev1.Event, validateOnly bool) ([]*profilev1.EventStatus, error) {
	items := make([]Item, len(events))
	for i, p := range events {
		items[i] = itemOf(p)
	}
	statuses, err := h.recorder.Ingest(ctx, items, validateOnly)
	if err != nil {
		return nil, err
	}
	answer := make([]*profilev1.EventStatus, len(statuses))
	for i, s := range statuses {
		answer[i] = statusProto(s)
	}
	return answer, nil
}

// GetEvent returns one event.
func (h *Server) GetEvent(ctx context.Context, r *profilev1.GetEventRequest) (*profilev1.Event, error) {
	sender, id, f := parseEvent("name", r.GetName())
	if f != nil {
		return nil, f
	}
	e, err := h.store.Get(ctx, sender, id)
	if err != nil {
		return nil, err
	}
	shown, err := h.store.Protos(ctx, []*Event{e})
	if err != nil {
		return nil, err
	}
	return shown[0], nil
}

// ListEvents lists the events of a customer or a visitor in the order of time.
func (h *Server) ListEvents(ctx context.Context, r *profilev1.ListEventsRequest) (*profilev1.ListEventsResponse, error) {
	parent, f := parseSender("parent", r.GetParent())
	if f != nil {
		return nil, f
	}
	q, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	senders := []Identity{parent}
	if !parent.Visitor {
		if _, senders, err = h.store.senders(ctx, parent.ID); err != nil {
			return nil, err
		}
	}
	if err := h.store.permit(ctx, r.GetPurpose(), parent); err != nil {
		return nil, err
	}
	size := q.Limit
	q.Limit++ // one more tells whether there is a next page
	var found []*Event
	for e, err := range h.store.Timeline(ctx, senders, q) {
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	if len(found) == 0 && q.After == nil {
		return &profilev1.ListEventsResponse{}, h.exists(ctx, parent)
	}
	answer := &profilev1.ListEventsResponse{}
	if len(found) > size {
		found = found[:size]
		last := found[size-1].position()
		if answer.NextPageToken, err = aip.NextToken(&last, r); err != nil {
			return nil, err
		}
	}
	answer.Events, err = h.store.Protos(ctx, found)
	return answer, err
}

func queryOf(r *profilev1.ListEventsRequest) (Query, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return Query{}, err
	}
	q := Query{Limit: size, Content: true, After: after}
	switch r.GetOrderBy() {
	case "", "event_time desc":
		q.Newest = true
	case "event_time", "event_time asc":
	default:
		f := fault.Invalid("order_by", `must be "event_time" or "event_time desc"`)
		f.Reason = "FIELD_NOT_ORDERABLE"
		return Query{}, f
	}
	for _, t := range r.GetTypes() {
		q.Types = append(q.Types, typeOf(t))
	}
	var faults [2]*fault.Fault
	q.From, faults[0] = instant("start_time", r.GetStartTime())
	q.To, faults[1] = instant("end_time", r.GetEndTime())
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		faults[1] = fault.Invalid("end_time", "must not be before start_time")
	}
	q.From, q.To = wholeMilli(q.From), wholeMilli(q.To)
	return q, fault.Merge(faults[:]...)
}

// wholeMilli is the first whole millisecond at or after an instant, as stored
// times are whole milliseconds.
func wholeMilli(t time.Time) time.Time {
	whole := t.Truncate(time.Millisecond)
	if whole.Before(t) {
		whole = whole.Add(time.Millisecond)
	}
	return whole
}

// exists reports a customer or visitor who is not there, as a NotFound fault.
func (h *Server) exists(ctx context.Context, who Identity) error {
	if who.Visitor {
		_, err := h.visitor(ctx, who.ID)
		return err
	}
	known, err := h.recorder.customers.Known(ctx, who.ID)
	if err == nil && !known {
		return fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "there is no customer %q", who.ID)
	}
	return err
}

// GetVisitor returns a visitor.
func (h *Server) GetVisitor(ctx context.Context, r *profilev1.GetVisitorRequest) (*profilev1.Visitor, error) {
	id, f := parseID("name", r.GetName(), "visitors")
	if f != nil {
		return nil, f
	}
	link, err := h.visitor(ctx, id)
	if err != nil {
		return nil, err
	}
	return visitorProto(link), nil
}

// visitor is a visitor's link; one who has neither a link nor events is not found.
func (h *Server) visitor(ctx context.Context, id string) (Link, error) {
	link, err := h.store.Link(ctx, id)
	if err != nil || link.Version > 0 {
		return link, err
	}
	seen, err := h.store.Any(ctx, Visitor(id))
	if err == nil && !seen {
		err = fault.New(fault.NotFound, "VISITOR_NOT_FOUND", "there is no visitor %q", id)
	}
	return link, err
}

// ListVisitors lists the visitors linked to a customer.
func (h *Server) ListVisitors(ctx context.Context, r *profilev1.ListVisitorsRequest) (*profilev1.ListVisitorsResponse, error) {
	id, f := parseID("parent", r.GetParent(), "customers")
	if f != nil {
		return nil, f
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	links, next, err := h.store.VisitorsOf(ctx, id, after, size)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListVisitorsResponse{}
	for _, l := range links {
		answer.Visitors = append(answer.Visitors, visitorProto(l))
	}
	if len(links) == 0 && after == nil {
		return answer, h.exists(ctx, Customer(id))
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// LinkVisitor makes a visitor's events a customer's.
func (h *Server) LinkVisitor(ctx context.Context, r *profilev1.LinkVisitorRequest) (*profilev1.Visitor, error) {
	visitor, noVisitor := parseID("name", r.GetName(), "visitors")
	customer, noCustomer := parseID("customer", r.GetCustomer(), "customers")
	if err := fault.Merge(noVisitor, noCustomer); err != nil {
		return nil, err
	}
	if err := h.exists(ctx, Customer(customer)); err != nil {
		return nil, err
	}
	at := h.recorder.now().UTC().Truncate(time.Millisecond)
	link, err := h.store.Bind(ctx, Link{Visitor: visitor, Customer: customer, At: at})
	if err != nil {
		return nil, err
	}
	return visitorProto(link), nil
}

// UnlinkVisitor cuts a visitor's link.
func (h *Server) UnlinkVisitor(ctx context.Context, r *profilev1.UnlinkVisitorRequest) (*profilev1.Visitor, error) {
	id, f := parseID("name", r.GetName(), "visitors")
	if f != nil {
		return nil, f
	}
	link, err := h.store.Cut(ctx, id, func(version int64) error { return etag.Check(r.GetEtag(), version) })
	if err != nil {
		return nil, err
	}
	return visitorProto(link), nil
}

func etagOf(version int64) string {
	if version == 0 {
		return ""
	}
	return etag.Of(version)
}
