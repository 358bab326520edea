package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// taken is what became of the events that were sent.
type taken struct{ accepted, duplicates atomic.Int64 }

// behaviour sends what was done on the shop's site, and shows what was made of it.
func (d *demo) behaviour(ctx context.Context) error {
	var t taken
	stage := d.settings.Progress.Start("sending events", 0, progress.Count)
	batches := make(chan []*profilev1.Event)
	group, ctx := errgroup.WithContext(ctx)
	for range 4 {
		group.Go(func() error {
			return d.ingest(ctx, batches, &t)
		})
	}
	var again []*profilev1.Event // what is sent a second time, and what arrives late
	group.Go(func() error {
		defer close(batches)
		var batch []*profilev1.Event
		send := func(e *profilev1.Event) error {
			if batch = append(batch, e); e != nil && len(batch) < batchSize {
				return nil
			}
			if e == nil {
				batch = batch[:len(batch)-1]
			}
			select {
			case batches <- batch:
				batch = nil
				stage.Set(t.accepted.Load(), 0)
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		for v := range d.shop.Visits() {
			for _, e := range v.Events {
				message := eventOf(e)
				if e.Twice || e.Late {
					again = append(again, message)
				}
				if e.Twice && e.Late { // both times behind the others
					again = append(again, message)
				}
				if e.Late {
					continue
				}
				if err := send(message); err != nil {
					return err
				}
			}
		}
		for _, e := range again {
			if err := send(e); err != nil {
				return err
			}
		}
		return send(nil)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	stage.Set(t.accepted.Load(), 0)
	stage.End()
	return d.showBehaviour(context.WithoutCancel(ctx), &t)
}

// ingest sends batches over one stream until there are no more.
func (d *demo) ingest(ctx context.Context, batches <-chan []*profilev1.Event, t *taken) error {
	stream, err := profilev1.NewEventServiceClient(d.conn).IngestEventStream(ctx)
	if err != nil {
		return err
	}
	for batch := range batches {
		if len(batch) == 0 {
			continue
		}
		if err := stream.Send(&profilev1.IngestEventStreamRequest{Events: batch}); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, s := range answer.GetStatuses() {
			switch s.GetOutcome() {
			case profilev1.EventOutcome_EVENT_OUTCOME_ACCEPTED:
				t.accepted.Add(1)
			case profilev1.EventOutcome_EVENT_OUTCOME_DUPLICATE:
				t.duplicates.Add(1)
			default:
				return fmt.Errorf("an event was refused: %s", s.GetStatus().GetMessage())
			}
		}
	}
	return stream.CloseSend()
}

var eventTypes = map[string]profilev1.EventType{
	shop.PageEvent: profilev1.EventType_EVENT_TYPE_PAGE, shop.SearchEvent: profilev1.EventType_EVENT_TYPE_SEARCH,
	shop.ViewEvent: profilev1.EventType_EVENT_TYPE_VIEW, shop.CartEvent: profilev1.EventType_EVENT_TYPE_CART,
	shop.PurchaseEvent: profilev1.EventType_EVENT_TYPE_PURCHASE, shop.SupportEvent: profilev1.EventType_EVENT_TYPE_SUPPORT,
	shop.SocialEvent: profilev1.EventType_EVENT_TYPE_SOCIAL, shop.IdentifyEvent: profilev1.EventType_EVENT_TYPE_IDENTIFY,
}

// eventOf is an event as a site would send it to the API.
func eventOf(e shop.Event) *profilev1.Event {
	sender := "visitors/" + e.Visitor
	m := &profilev1.Event{
		Type: eventTypes[e.Kind], EventName: e.Name, OriginalTime: timestamppb.New(e.Time), Source: "web-shop", OrderId: e.OrderID,
	}
	if e.Customer != "" {
		sender = "customers/" + e.Customer
		if e.Visitor != "" {
			m.Visitor = "visitors/" + e.Visitor
		}
	}
	m.Name = sender + "/events/" + e.ID
	if e.Dwell > 0 {
		m.DwellTime = durationpb.New(e.Dwell)
	}
	if e.SKU != "" {
		m.Products = []*profilev1.EventProduct{{Sku: e.SKU, QuantityMilli: 1000}}
	}
	if e.Keyword != "" {
		m.Search = &profilev1.SearchDetails{Keyword: e.Keyword, ResultCount: proto.Int64(int64(e.Results))}
	}
	if e.Topic != "" {
		m.Support = &profilev1.SupportDetails{Channel: "chat", Topic: e.Topic}
	}
	properties := map[string]*structpb.Value{}
	for name, value := range map[string]string{"path": e.Path, "name": e.FullName, "email": e.Email} {
		if value != "" {
			properties[name] = structpb.NewStringValue(value)
		}
	}
	if len(properties) > 0 {
		m.Properties = &structpb.Struct{Fields: properties}
	}
	return m
}

func (d *demo) showBehaviour(ctx context.Context, t *taken) error {
	truth := d.behaved()
	linked, example, err := d.linked(ctx)
	if err != nil {
		return err
	}
	d.page.Heading("What visitors did 行为事件, since " + d.shop.TrackedFrom().Format("2006-01-02"))
	d.page.Table([][]string{
		{"", "found", "truth"},
		{"events kept", count(t.accepted.Load()), count(int64(truth.Events))},
		{"sent twice, kept once", count(t.duplicates.Load()), count(int64(truth.Twice))},
		{"visitors identified", count(linked), count(int64(truth.Identified)) + " of " + count(int64(truth.Visitors)) + " anonymous ones"},
	})
	d.page.Item(fmt.Sprintf("%d events arrived behind all others and stand where they belong in time.", truth.Late))
	if example != "" {
		d.yourself("kehu profile list-events --parent " + example)
	}
	return nil
}

// linked counts the visitors whose customer is known, and names one such customer.
func (d *demo) linked(ctx context.Context) (n int64, example string, err error) {
	client := profilev1.NewEventServiceClient(d.conn)
	seen := ""
	for v := range d.shop.Visits() {
		if v.Visitor == "" || v.Visitor == seen {
			continue
		}
		seen = v.Visitor
		visitor, err := client.GetVisitor(ctx, &profilev1.GetVisitorRequest{Name: "visitors/" + v.Visitor})
		if err != nil {
			return 0, "", fmt.Errorf("visitor %s: %w", v.Visitor, err)
		}
		if visitor.GetCustomer() != "" {
			n++
			if v.Depth == shop.Steps {
				example = visitor.GetCustomer()
			}
		}
	}
	return n, example, nil
}
