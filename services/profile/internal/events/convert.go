package events

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// typeOf and protoOf translate types; the order of Types is that of the enum.
func typeOf(t profilev1.EventType) Type {
	if t < 1 || int(t) > len(Types) {
		return ""
	}
	return Types[t-1]
}

func protoOf(t Type) profilev1.EventType {
	for i, one := range Types {
		if one == t {
			return profilev1.EventType(i + 1)
		}
	}
	return profilev1.EventType_EVENT_TYPE_UNSPECIFIED
}

// itemOf reads an event to be taken in. Fields that only the service sets are
// passed over.
func itemOf(p *profilev1.Event) Item {
	sender, id, f := parseEvent("name", p.GetName())
	item := Item{Event: Event{
		Sender: sender, ID: id, Type: typeOf(p.GetType()), Name: p.GetEventName(),
		Source: p.GetSource(), Group: p.GetGroup(),
	}}
	all := []*fault.Fault{f}
	if f == nil && sender == Customer(wildcard) {
		if p.GetIdentifier() == nil {
			all = append(all, fault.Invalid("identifier", "must be set where name says not whose event it is"))
		} else {
			item.By = identifierOf(p.GetIdentifier())
		}
	}
	if t := p.GetType(); t != 0 && item.Event.Type == "" {
		all = append(all, fault.Invalid("type", "must be one of the types of event, is %d", int32(t)))
	}
	item.Event.Original, f = instant("original_time", p.GetOriginalTime())
	all = append(all, f)
	item.Event.Sent, f = instant("sent_time", p.GetSentTime())
	all = append(all, f)
	if p.GetVisitor() != "" {
		item.Event.VisitorID, f = parseID("visitor", p.GetVisitor(), "visitors")
		all = append(all, f)
	}
	item.Content = Content{Properties: p.GetProperties().AsMap(), Context: p.GetContext().AsMap()}
	item.Content.Details, f = detailsOf(p)
	all = append(all, f)
	item.Fault, _ = fault.As(fault.Merge(all...))
	return item
}

func identifierOf(p *profilev1.Identifier) *domain.Identifier {
	kinds := map[profilev1.IdentifierType]domain.IdentifierType{
		profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL:       domain.Email,
		profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE:       domain.Phone,
		profilev1.IdentifierType_IDENTIFIER_TYPE_EXTERNAL_ID: domain.ExternalID,
	}
	return &domain.Identifier{Type: kinds[p.GetType()], Value: p.GetValue(), Namespace: p.GetNamespace()}
}

// instant reads a timestamp, the zero time where there is none.
func instant(field string, t *timestamppb.Timestamp) (time.Time, *fault.Fault) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, fault.Invalid(field, "must be an instant between the years 1 and 9999")
	}
	return t.AsTime(), nil
}

func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func detailsOf(p *profilev1.Event) (Details, *fault.Fault) {
	d := Details{OrderID: p.GetOrderId(), Total: amountOf(p.GetTotal())}
	var f [2]*fault.Fault
	d.Dwell, f[0] = durationOf("dwell_time", p.GetDwellTime())
	d.Session, f[1] = durationOf("session_duration", p.GetSessionDuration())
	if s := p.GetSearch(); s != nil {
		d.Search = &SearchDetails{Keyword: s.GetKeyword(), Results: s.ResultCount, Clicked: s.Clicked, Converted: s.Converted}
	}
	if s := p.GetSupport(); s != nil {
		d.Support = &SupportDetails{Channel: s.GetChannel(), Topic: s.GetTopic()}
	}
	for _, one := range p.GetProducts() {
		d.Products = append(d.Products, Product{SKU: one.GetSku(), QuantityMilli: one.GetQuantityMilli(), Price: amountOf(one.GetPrice())})
	}
	merged, _ := fault.As(fault.Merge(f[:]...))
	return d, merged
}

func durationOf(field string, d *durationpb.Duration) (time.Duration, *fault.Fault) {
	if d == nil {
		return 0, nil
	}
	if d.CheckValid() != nil || d.AsDuration() > 100*365*24*time.Hour {
		return 0, fault.Invalid(field, "must be a duration of at most 100 years")
	}
	return d.AsDuration().Truncate(time.Millisecond), nil
}

func amountOf(m *apiv1.Money) *Amount {
	if m == nil {
		return nil
	}
	return &Amount{Minor: m.GetMinorUnits(), Currency: m.GetCurrencyCode()}
}

func moneyProto(a *Amount) *apiv1.Money {
	if a == nil {
		return nil
	}
	return &apiv1.Money{MinorUnits: a.Minor, CurrencyCode: a.Currency}
}

// eventProto is an event as the API shows it.
func eventProto(e *Event, c *Content) (*profilev1.Event, error) {
	p := &profilev1.Event{
		Name: eventName(e.Sender, e.ID), Type: protoOf(e.Type), EventName: e.Name,
		EventTime: stamp(e.Time), OriginalTime: stamp(e.Original), SentTime: stamp(e.Sent), ReceiveTime: stamp(e.Received),
		Source: e.Source, Group: e.Group, OrderId: c.Details.OrderID, Total: moneyProto(c.Details.Total),
	}
	if e.VisitorID != "" {
		p.Visitor = Visitor(e.VisitorID).String()
	}
	var err error
	if p.Properties, err = object(c.Properties); err != nil {
		return nil, err
	}
	if p.Context, err = object(c.Context); err != nil {
		return nil, err
	}
	d := c.Details
	if d.Dwell > 0 {
		p.DwellTime = durationpb.New(d.Dwell)
	}
	if d.Session > 0 {
		p.SessionDuration = durationpb.New(d.Session)
	}
	if s := d.Search; s != nil {
		p.Search = &profilev1.SearchDetails{Keyword: s.Keyword, ResultCount: s.Results, Clicked: s.Clicked, Converted: s.Converted}
	}
	if s := d.Support; s != nil {
		p.Support = &profilev1.SupportDetails{Channel: s.Channel, Topic: s.Topic}
	}
	for _, one := range d.Products {
		p.Products = append(p.Products, &profilev1.EventProduct{Sku: one.SKU, QuantityMilli: one.QuantityMilli, Price: moneyProto(one.Price)})
	}
	return p, nil
}

func object(fields map[string]any) (*structpb.Struct, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	return structpb.NewStruct(fields)
}

func statusProto(s Status) *profilev1.EventStatus {
	p := &profilev1.EventStatus{Outcome: outcomes[s.Outcome], Status: rpc.ItemStatus(nil)}
	if s.Fault != nil {
		p.Status = rpc.ItemStatus(s.Fault)
		return p
	}
	p.Event = eventName(s.Sender, s.ID)
	for _, f := range s.Remarks {
		p.Remarks = append(p.Remarks, rpc.ItemStatus(f))
	}
	return p
}

var outcomes = map[Outcome]profilev1.EventOutcome{
	Refused:   profilev1.EventOutcome_EVENT_OUTCOME_REFUSED,
	Accepted:  profilev1.EventOutcome_EVENT_OUTCOME_ACCEPTED,
	Duplicate: profilev1.EventOutcome_EVENT_OUTCOME_DUPLICATE,
}

func visitorProto(l Link) *profilev1.Visitor {
	p := &profilev1.Visitor{Name: Visitor(l.Visitor).String(), LinkTime: stamp(l.At), Etag: etagOf(l.Version)}
	if l.Customer != "" {
		p.Customer = Customer(l.Customer).String()
		if l.By != "" {
			p.LinkEvent = eventName(Customer(l.Customer), l.By)
		}
	}
	return p
}
