package importer

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// eventLayout is that of events. Columns that it does not have are properties.
var eventLayout = layout{
	columns: []column{
		{"message_id", []string{"message_id", "messageId", "event_id", "消息编号", "消息ID", "事件编号", "事件ID"}},
		{"type", []string{"type", "event_type", "事件类型"}},
		{"event", []string{"event", "event_name", "事件", "事件名称", "事件名"}},
		{"name", []string{"name"}},
		{"timestamp", []string{"timestamp", "event_time", "original_time", "时间", "事件时间", "发生时间"}},
		{"original_timestamp", []string{"originalTimestamp", "original_timestamp"}},
		{"sent_at", []string{"sentAt", "sent_at"}},
		{"received_at", []string{"receivedAt", "received_at"}},
		{"customer_id", []string{"customer_id", "user_id", "userId", "客户编号", "客户ID", "会员号", "用户ID", "用户编号"}},
		{"anonymous_id", []string{"anonymous_id", "anonymousId", "visitor_id", "访客编号", "访客ID", "匿名ID"}},
		{"previous_id", []string{"previous_id", "previousId"}},
		{"group_id", []string{"group_id", "groupId"}},
		{"source", []string{"source", "write_key", "writeKey", "来源"}},
	},
	required: [][]string{{"event", "type"}, {"timestamp", "original_timestamp"}, {"customer_id", "anonymous_id"}},
	open:     true,
}

// segmentID is how Segment calls the id of a message, and with it all that its
// messages hold: what else stands in them belongs to the context.
const segmentID = "messageid"

// eventTypes are the words for types of events. A track is what its name says.
var eventTypes = func() map[string]events.Type {
	all := map[string]events.Type{
		"track": "", "页面": events.Page, "屏幕": events.Screen, "浏览": events.View, "点击": events.Click, "搜索": events.Search,
		"加购": events.Cart, "购物车": events.Cart, "购买": events.Purchase, "下单": events.Purchase, "客服": events.Support,
		"社交": events.Social, "分享": events.Social, "会话": events.Session,
	}
	for _, t := range events.Types {
		all[string(t)] = t
	}
	return all
}()

// eventRows reads rows with the columns of events.
type eventRows struct {
	columns *columns
	segment bool // the titles of a CSV file are Segment's
	run     string
	zone    *time.Location
}

func newEventRows(c *columns, run string, zone *time.Location) *eventRows {
	r := &eventRows{columns: c, run: run, zone: zone}
	for _, at := range c.at["message_id"] {
		r.segment = r.segment || !c.json && mapping.Fold(c.header[at]) == segmentID
	}
	return r
}

// take adds the event of a row to the batch.
func (r *eventRows) take(b *batch, row sheet.Row) *fault.Fault {
	value := func(column string) string { return tidy(r.columns.in(row.Fields, column)) }
	item := events.Item{Event: events.Event{ID: unquoted(value("message_id")), Source: value("source"), Group: value("group_id")}}
	f := r.sender(&item, value)
	if f == nil {
		f = r.what(&item.Event, value)
	}
	if f == nil {
		item.Event.Original, f = r.time(value)
	}
	if f == nil {
		f = r.content(&item, row)
	}
	if f != nil {
		return f
	}
	if item.Event.ID == "" {
		item.Event.ID = derivedID(&item)
	} else if f = ident.Check("message_id", item.Event.ID); f != nil {
		return f
	}
	item.Event.Mark = r.run + "!" + rowKey(row.Number)
	b.events = append(b.events, item)
	b.rowOf = append(b.rowOf, row.Number)
	b.fields = append(b.fields, row.Fields...)
	return nil
}

// addressed tells an id of a customer that is an e-mail address or an international
// phone number: what identifies a person is no id. It is looked up, and sealed.
var addressed = map[domain.IdentifierType]*regexp.Regexp{
	domain.Email: regexp.MustCompile(`^[^@\s/]+@[^@\s/]+\.[^@\s/]+$`),
	domain.Phone: regexp.MustCompile(`^\+[0-9]{7,15}$`),
}

// sender reads whose event it is.
func (r *eventRows) sender(item *events.Item, value func(string) string) *fault.Fault {
	e := &item.Event
	customer, visitor := unquoted(value("customer_id")), unquoted(value("anonymous_id"))
	if previous := unquoted(value("previous_id")); previous != "" && strings.EqualFold(value("type"), string(events.Alias)) {
		visitor = previous
	}
	if visitor != "" {
		if f := ident.Check("anonymous_id", visitor); f != nil {
			return f
		}
	}
	if customer == "" {
		if visitor == "" {
			return invalid("customer_id", "VALUE_MISSING", "must not be empty where anonymous_id is")
		}
		e.Sender = events.Visitor(visitor)
		return nil
	}
	e.VisitorID = visitor
	for kind, form := range addressed {
		if form.MatchString(customer) {
			by, f := domain.Identifier{Type: kind, Value: customer}.Normalize("")
			if f != nil {
				return moved(f, "customer_id")
			}
			item.By, e.Sender = &by, events.Customer("-") // until it is looked up
			return nil
		}
	}
	e.Sender = events.Customer(customer)
	return customerKey(customer)
}

// customerKey reports an id of a customer that cannot be one.
func customerKey(id string) *fault.Fault {
	switch {
	case id == "":
		return invalid("customer_id", "VALUE_MISSING", "must not be empty")
	case masked(id):
		return invalid("customer_id", "IDENTIFIER_MASKED", "is masked and identifies nobody")
	case id == "-":
		return invalid("customer_id", "VALUE_MISSING", `must not be "-"`)
	case id == domain.Anonymous:
		return invalid("customer_id", "CUSTOMER_ID_RESERVED", "must not be %q, under which orders without a known buyer are kept", id)
	}
	return ident.Check("customer_id", id)
}

// moved is a fault as one about a column.
func moved(f *fault.Fault, column string) *fault.Fault {
	return inColumn(f, func(string) string { return column })
}

// what reads what sort of event it is and what it is called. Of a page and a screen
// the name is that in name, of others in event; a row without either is none.
func (r *eventRows) what(e *events.Event, value func(string) string) *fault.Fault {
	word := value("type")
	kind, known := eventTypes[mapping.Fold(word)]
	if word != "" && !known {
		return invalid("type", "VALUE_UNKNOWN", "must be track, or a type of event such as page, search or cart, is %q", clip(word, 40))
	}
	e.Type, e.Name = kind, value("event")
	if takesName(kind, e.Name) && value("name") != "" {
		e.Name = value("name")
	}
	if e.Name == "" && kind == "" {
		return invalid("event", "VALUE_MISSING", "must be the name of what happened")
	}
	return nil
}

// takesName reports whether the column name holds that of the event, and no property.
func takesName(kind events.Type, event string) bool {
	return kind == events.Page || kind == events.Screen || event == ""
}

// time reads when it happened. The clock of the sender is corrected by what it was
// wrong by, where the file says when the event was sent and received; what states
// the time of the event alone is believed.
func (r *eventRows) time(value func(string) string) (time.Time, *fault.Fault) {
	if text := value("timestamp"); text != "" || value("original_timestamp") == "" {
		return readTime("timestamp", text, r.zone)
	}
	at, f := readTime("original_timestamp", value("original_timestamp"), r.zone)
	if f != nil || value("sent_at") == "" || value("received_at") == "" {
		return at, f
	}
	sent, f := readTime("sent_at", value("sent_at"), r.zone)
	if f != nil {
		return at, f
	}
	received, f := readTime("received_at", value("received_at"), r.zone)
	return received.Add(at.Sub(sent)), f
}

// derivedID is the id of an event without one, made from its content: the same row
// again is the same event.
func derivedID(item *events.Item) string {
	e := &item.Event
	by := ""
	if item.By != nil {
		by = item.By.Value
	}
	// Of values read from text, which JSON can hold.
	text, _ := json.Marshal([]any{
		e.Sender.String(), by, e.Type, e.Name, e.Original.UnixMilli(), e.VisitorID, e.Group, e.Source, item.Content.Properties, item.Content.Context,
	})
	return fmt.Sprintf("sha256-%x", sha256.Sum256(text))[:39]
}
