package profile_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

const (
	accepted  = profilev1.EventOutcome_EVENT_OUTCOME_ACCEPTED
	duplicate = profilev1.EventOutcome_EVENT_OUTCOME_DUPLICATE
	declined  = profilev1.EventOutcome_EVENT_OUTCOME_REFUSED
)

func event(name, called string) *profilev1.Event {
	return &profilev1.Event{Name: name, EventName: called, OriginalTime: at(now.Add(-time.Hour))}
}

func object(t testing.TB, fields map[string]any) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(fields)
	must(t, err)
	return s
}

func identify(t testing.TB, name, visitor string, traits map[string]any) *profilev1.Event {
	e := event(name, "")
	e.Type, e.Visitor, e.Properties = profilev1.EventType_EVENT_TYPE_IDENTIFY, visitor, object(t, traits)
	return e
}

func (s *suite) ingest(t testing.TB, events ...*profilev1.Event) []*profilev1.EventStatus {
	t.Helper()
	answer, err := s.events.IngestEvents(t.Context(), &profilev1.IngestEventsRequest{Events: events})
	must(t, err)
	return answer.GetStatuses()
}

func outcomes(statuses []*profilev1.EventStatus) (all []profilev1.EventOutcome) {
	for _, s := range statuses {
		all = append(all, s.GetOutcome())
	}
	return all
}

// remarks are the reasons and fields of what was not done.
func remarks(s *profilev1.EventStatus) []string {
	return reasons(s.GetRemarks())
}

// timeline is the names of the events, the oldest first.
func (s *suite) timeline(t testing.TB, parent string) (names []string) {
	t.Helper()
	answer, err := s.events.ListEvents(t.Context(), &profilev1.ListEventsRequest{Parent: parent, OrderBy: "event_time", PageSize: 1000})
	must(t, err)
	for _, e := range answer.GetEvents() {
		names = append(names, e.GetName())
	}
	return names
}

// What the properties of Segment's specifications say is read into typed fields.
func TestEventFields(t *testing.T) {
	s := serve(t, onPebble(t))
	given := event("customers/1/events/a", "Order Completed")
	given.Source, given.Properties = "shop", object(t, map[string]any{
		"order_id": "o-7", "total": 39.95, "currency": "USD",
		"products": []any{
			map[string]any{"sku": "S1", "quantity": 2, "price": 12.5},
			map[string]any{"product_id": 17, "price": "3.999"},
			map[string]any{"name": "no article number"},
		},
		"deep": map[string]any{"kept": []any{true, nil, "客户"}},
	})
	search := event("customers/1/events/b", "Products Searched")
	search.Properties = object(t, map[string]any{"query": "羽绒服", "results": 0})
	search.Search = &profilev1.SearchDetails{Clicked: new(bool)}
	page := event("customers/1/events/c", "Home")
	page.Type, page.Properties = profilev1.EventType_EVENT_TYPE_PAGE, object(t, map[string]any{"dwell_ms": 1500})
	s.ingest(t, given, search, page)

	got, err := s.events.GetEvent(t.Context(), &profilev1.GetEventRequest{Name: given.Name})
	must(t, err)
	want := &profilev1.Event{
		Name: given.Name, Type: profilev1.EventType_EVENT_TYPE_PURCHASE, EventName: "Order Completed",
		EventTime: given.OriginalTime, OriginalTime: given.OriginalTime, ReceiveTime: at(now), Source: "shop",
		Properties: given.Properties, OrderId: "o-7", Total: &apiv1.Money{MinorUnits: 3995, CurrencyCode: "USD"},
		Products: []*profilev1.EventProduct{
			{Sku: "S1", QuantityMilli: 2000, Price: &apiv1.Money{MinorUnits: 1250, CurrencyCode: "USD"}},
			{Sku: "17"}, // 3.999 USD is no amount of money
		},
	}
	same(t, "order", got, want)
	got, err = s.events.GetEvent(t.Context(), &profilev1.GetEventRequest{Name: search.Name})
	must(t, err)
	none := int64(0)
	same(t, "search", got.GetSearch(), &profilev1.SearchDetails{Keyword: "羽绒服", ResultCount: &none, Clicked: new(bool)})
	got, err = s.events.GetEvent(t.Context(), &profilev1.GetEventRequest{Name: page.Name})
	must(t, err)
	if got.GetDwellTime().AsDuration() != 1500*time.Millisecond {
		t.Errorf("dwell time %v, want 1.5s", got.GetDwellTime())
	}
}

// A clock that is wrong is wrong when the event happens and when it is sent.
func TestClockSkew(t *testing.T) {
	s := serve(t, onPebble(t))
	for _, c := range []struct {
		name           string
		original, sent time.Duration // from now
		known          [2]bool       // whether they are given
		want           time.Duration
		reason         string
	}{
		{"exact clock", -time.Minute, -time.Second, [2]bool{true, true}, -59 * time.Second, ""},
		{"three hours ahead", 3*time.Hour - time.Minute, 3 * time.Hour, [2]bool{true, true}, -time.Minute, ""},
		{"years behind", -9000*time.Hour - time.Minute, -9000 * time.Hour, [2]bool{true, true}, -time.Minute, ""},
		{"no time of sending", -48 * time.Hour, 0, [2]bool{true, false}, -48 * time.Hour, ""},
		{"no time", 0, -time.Hour, [2]bool{false, true}, 0, ""},
		{"no times at all", 0, 0, [2]bool{}, 0, ""},
		{"just not too far ahead", 24 * time.Hour, 0, [2]bool{true, false}, 24 * time.Hour, ""},
		{"in the future", 24*time.Hour + time.Second, 0, [2]bool{true, false}, 0, "EVENT_IN_FUTURE original_time"},
		{"sent long before it happened", 0, -30 * time.Hour, [2]bool{true, true}, 0, "EVENT_IN_FUTURE original_time"},
		{"year 1970", now.Sub(time.Unix(0, 0)) * -1, 0, [2]bool{true, false}, 0, "EVENT_TOO_OLD original_time"},
	} {
		e := &profilev1.Event{Name: "visitors/v/events/" + c.name, EventName: "x"}
		if c.known[0] {
			e.OriginalTime = at(now.Add(c.original))
		}
		if c.known[1] {
			e.SentTime = at(now.Add(c.sent))
		}
		st := s.ingest(t, e)[0]
		if got := reasons([]*apiv1.ItemStatus{st.GetStatus()})[0]; got != c.reason {
			t.Errorf("%s: %q, want %q", c.name, got, c.reason)
			continue
		}
		if c.reason != "" {
			continue
		}
		got, err := s.events.GetEvent(t.Context(), &profilev1.GetEventRequest{Name: e.Name})
		must(t, err)
		if !got.GetEventTime().AsTime().Equal(now.Add(c.want)) {
			t.Errorf("%s: happened at %v, want %v", c.name, got.GetEventTime().AsTime(), now.Add(c.want))
		}
	}
}

// The same event is taken in once, within a batch, again later, and by many at
// the same moment.
func TestEventsAreTakenInOnce(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		first := s.ingest(t, event("customers/1/events/a", "x"), event("customers/1/events/a", "y"), event("customers/2/events/a", "x"), event("visitors/1/events/a", "x"))
		if got, want := outcomes(first), []profilev1.EventOutcome{accepted, duplicate, accepted, accepted}; !slices.Equal(got, want) {
			t.Errorf("one batch: %v, want %v", got, want)
		}
		if got := outcomes(s.ingest(t, event("customers/1/events/a", "z"))); got[0] != duplicate {
			t.Errorf("sent again: %v", got)
		}
		got, err := s.events.GetEvent(t.Context(), &profilev1.GetEventRequest{Name: "customers/1/events/a"})
		must(t, err)
		if got.GetEventName() != "x" {
			t.Errorf("the event is %q, want the first, x", got.GetEventName())
		}
		const senders, events = 8, 50
		counts := make([]int, senders)
		var group sync.WaitGroup
		for n := range senders {
			group.Go(func() {
				var batch []*profilev1.Event
				for m := range events {
					batch = append(batch, event(fmt.Sprintf("customers/%d/events/race%d", m%3, m), "x"))
				}
				answer, err := s.events.IngestEvents(t.Context(), &profilev1.IngestEventsRequest{Events: batch})
				if err != nil {
					t.Error(err)
				}
				for _, st := range answer.GetStatuses() {
					if st.GetOutcome() == accepted {
						counts[n]++
					}
				}
			})
		}
		group.Wait()
		total := 0
		for _, n := range counts {
			total += n
		}
		if total != events {
			t.Errorf("%d accepted, want each of %d once", total, events)
		}
	})
}

// A batch says of each event what became of it; those that are wrong are not kept.
func TestRefusedEvents(t *testing.T) {
	s := serve(t, onPebble(t))
	deep := map[string]any{}
	for range 25 {
		deep = map[string]any{"x": deep}
	}
	batch := []*profilev1.Event{
		event("customers/1/events/ok", "x"),
		event("customers/1/orders/a", "x"),
		event("customers//events/a", "x"),
		event("customers/anonymous/events/a", "x"),
		event("customers/1/events/line", "a\nb"),
		event("customers/-/events/a", "x"),
		{Name: "customers/1/events/deep", Properties: object(t, deep)},
		{Name: "customers/1/events/large", Properties: object(t, map[string]any{"x": string(make([]byte, 40<<10))})},
		{Name: "customers/1/events/total", Total: &apiv1.Money{MinorUnits: -1, CurrencyCode: "CNY"}},
		{Name: "customers/1/events/sku", Products: []*profilev1.EventProduct{{}}},
		{Name: "customers/1/events/kind", Type: 99},
		{Name: "customers/1/events/visitor", Visitor: "customers/2"},
		{Name: "customers/-/events/id", Identifier: phone("138****1234")},
	}
	var got []string
	for _, st := range s.ingest(t, batch...) {
		got = append(got, reasons([]*apiv1.ItemStatus{st.GetStatus()})[0])
	}
	want := []string{
		"", "INVALID_FIELD name", "INVALID_FIELD name", "CUSTOMER_ID_RESERVED name", "INVALID_FIELD event_name",
		"INVALID_FIELD identifier", "EVENT_TOO_DEEP properties", "EVENT_TOO_LARGE properties", "INVALID_FIELD total.minor_units",
		"INVALID_FIELD products[0].sku", "INVALID_FIELD type", "INVALID_FIELD visitor", "PHONE_MASKED identifier",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := s.timeline(t, "customers/1"); !slices.Equal(got, []string{"customers/1/events/ok"}) {
		t.Errorf("kept: %v", got)
	}
}
