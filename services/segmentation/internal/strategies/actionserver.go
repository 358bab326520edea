package strategies

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// ActionServer answers the ActionService.
type ActionServer struct {
	segmentationv1.UnimplementedActionServiceServer
	Store     *Store
	Adviser   *Adviser
	Customers *alias.Book
	// Poll is how often a stream that waits looks for more events.
	Poll time.Duration
}

// GetNextBestAction ranks the actions for a customer.
func (s *ActionServer) GetNextBestAction(ctx context.Context, r *segmentationv1.GetNextBestActionRequest) (*segmentationv1.NextBestAction, error) {
	var id string
	if err := aip.ParseName("name", r.GetName(), "customers/{customer}/nextBestAction", &id); err != nil {
		return nil, err
	}
	found, err := s.Adviser.Recommend(ctx, s.Customers.Root(ctx, id))
	if err != nil {
		return nil, err
	}
	return recommendationProto(id, found), nil
}

// GetActionEvent returns one event.
func (s *ActionServer) GetActionEvent(ctx context.Context, r *segmentationv1.GetActionEventRequest) (*segmentationv1.ActionEvent, error) {
	var id string
	if err := aip.ParseName("name", r.GetName(), "actionEvents/{id}", &id); err != nil {
		return nil, err
	}
	e, err := s.Store.Event(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.reader().proto(ctx, e)
}

// ListActionEvents lists events.
func (s *ActionServer) ListActionEvents(ctx context.Context, r *segmentationv1.ListActionEventsRequest) (*segmentationv1.ListActionEventsResponse, error) {
	filter := EventFilter{State: State(r.GetState())}
	filters := 0
	if r.GetState() != 0 {
		filters++
	}
	if r.GetCustomerId() != "" {
		if f := ident.Check("customer_id", r.GetCustomerId()); f != nil {
			return nil, f
		}
		filter.Customers = []string{s.Customers.Root(ctx, r.GetCustomerId())}
		filters++
	}
	if r.GetStrategy() != "" {
		var err error
		if filter.Strategy, err = strategyID("strategy", r.GetStrategy()); err != nil {
			return nil, err
		}
		filters++
	}
	if filters > 1 {
		return nil, fault.New(fault.InvalidArgument, "FIELD_NOT_FILTERABLE", "give one of customer_id, strategy and state at most")
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := s.Store.Events(ctx, filter, after, size)
	if err != nil {
		return nil, err
	}
	list, reader := &segmentationv1.ListActionEventsResponse{}, s.reader()
	for _, e := range found {
		m, err := reader.proto(ctx, e)
		if err != nil {
			return nil, err
		}
		list.ActionEvents = append(list.ActionEvents, m)
	}
	list.NextPageToken, err = aip.NextToken(next, r)
	return list, err
}

const batchSize = 200

// WatchActionEvents sends delivered events, and goes on with those to come.
func (s *ActionServer) WatchActionEvents(r *segmentationv1.WatchActionEventsRequest, stream grpc.ServerStreamingServer[segmentationv1.WatchActionEventsResponse]) error {
	ctx := stream.Context()
	position, err := s.position(r.GetCursor())
	if err != nil {
		return err
	}
	for {
		events, next, more, err := s.Store.delivered(ctx, position, batchSize)
		if err != nil {
			return err
		}
		if err := s.send(ctx, events, position, next, stream); err != nil {
			return err
		}
		position = next
		if more {
			continue
		}
		if r.GetUntilNow() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(s.Poll):
		}
	}
}

// send sends a batch. Only behind the last of it is the cursor that of the batch: a
// caller that breaks off within one is sent some of it again.
func (s *ActionServer) send(ctx context.Context, events []*Event, before, behind *docstore.Position, stream grpc.ServerStreamingServer[segmentationv1.WatchActionEventsResponse]) error {
	reader := s.reader()
	for i, e := range events {
		m, err := reader.proto(ctx, e)
		if err != nil {
			return err
		}
		cursor := cursorOf(before)
		if i == len(events)-1 {
			cursor = cursorOf(behind)
		}
		if err := stream.Send(&segmentationv1.WatchActionEventsResponse{ActionEvent: m, Cursor: cursor}); err != nil {
			return err
		}
	}
	if len(events) > 0 {
		return nil
	}
	return stream.Send(&segmentationv1.WatchActionEventsResponse{Cursor: cursorOf(behind)})
}

func cursorOf(p *docstore.Position) string {
	if p == nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte("1 " + p.Key + " " + p.ID))
}

func (s *ActionServer) position(cursor string) (*docstore.Position, error) {
	if cursor == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	parts := strings.SplitN(string(raw), " ", 3)
	if err != nil || len(parts) != 3 || parts[0] != "1" {
		return nil, fault.Invalid("cursor", "must be one that a response had, or empty")
	}
	at, err := docstore.ParseTime(parts[1])
	if err != nil || at.After(s.Store.now().Add(time.Hour)) {
		return nil, fault.Invalid("cursor", "must be one that a response had, or empty")
	}
	if at.Before(s.Store.now().Add(-docstore.TombstoneLife)) {
		return nil, fault.New(fault.FailedPrecondition, "CURSOR_EXPIRED", "cursor: is older than 30 days; list the events, and follow anew from an empty cursor")
	}
	return &docstore.Position{Key: parts[1], ID: parts[2]}, nil
}

// GetAutomationState tells how far automation has come.
func (s *ActionServer) GetAutomationState(ctx context.Context, _ *segmentationv1.GetAutomationStateRequest) (*segmentationv1.AutomationState, error) {
	m := &segmentationv1.AutomationState{Name: "automationState"}
	doc, err := s.Store.automation.Get(ctx, automationID)
	if err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return nil, err
	}
	if err == nil {
		m.CaughtUpTime, m.StepTime, m.LastError, m.Transitions = instant(doc.CaughtUp), instant(doc.StepTime), doc.LastError, doc.Moves
	}
	m.Waiting, err = s.Store.events.Count(ctx, docstore.Range{Index: byDue})
	return m, err
}

// eventReader shows events with their actions, each revision read once.
type eventReader struct {
	store     *Store
	revisions map[string]*Strategy
}

func (s *ActionServer) reader() *eventReader {
	return &eventReader{s.Store, make(map[string]*Strategy)}
}

func (r *eventReader) proto(ctx context.Context, e *Event) (*segmentationv1.ActionEvent, error) {
	m := eventProto(e)
	s, read := r.revisions[m.GetRevision()]
	if !read {
		var err error
		if s, err = r.store.Revision(ctx, e.Strategy, e.Revision); err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		r.revisions[m.GetRevision()] = s
	}
	if s != nil {
		if a := s.action(e.Action); a != nil {
			m.Action = actionProto(a)
		}
	}
	if m.Action == nil {
		m.Action = &segmentationv1.Action{Id: e.Action}
	}
	return m, nil
}

func eventProto(e *Event) *segmentationv1.ActionEvent {
	m := &segmentationv1.ActionEvent{
		Name: "actionEvents/" + e.ID, Id: e.ID, SpecVersion: "1.0", Source: "kehu/segmentation", Type: "kehu.segmentation.action",
		CustomerId: e.Move.Customer, Time: instant(e.Move.At), Revision: revisionName(e.Strategy, e.Revision),
		Trigger: segmentationv1.ActionTrigger_ACTION_TRIGGER_ENTER, Segment: segmentName(e.Move.Segment),
		Generation: e.Move.Generation, Cause: e.Move.Cause, State: segmentationv1.ActionEventState(e.State),
		DueTime: instant(e.Due), SettleTime: instant(e.SettleTime), Suppression: segmentationv1.SuppressionReason(e.Reason), Detail: e.Detail,
	}
	if e.Move.Left {
		m.Trigger = segmentationv1.ActionTrigger_ACTION_TRIGGER_LEAVE
	}
	return m
}

func warningProto(w Warning) *apiv1.Warning {
	return &apiv1.Warning{Reason: w.Reason, Message: w.Message}
}
