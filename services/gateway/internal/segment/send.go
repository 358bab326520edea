package segment

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/gateway/internal/exchange"
)

// status is what became of one message, as callers get it.
type status struct {
	MessageID string   `json:"messageId"`
	Outcome   string   `json:"outcome"` // accepted, duplicate or refused
	Event     string   `json:"event,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	Field     string   `json:"field,omitempty"`
	Message   string   `json:"message,omitempty"`
	Remarks   []remark `json:"remarks,omitempty"`
}

// remark is what a message asked for beyond being kept and was not done.
type remark struct {
	Reason  string `json:"reason"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// result is the answer to a request.
type result struct {
	Success    bool     `json:"success"` // every message is kept
	Accepted   int      `json:"accepted"`
	Duplicates int      `json:"duplicates"`
	Refused    int      `json:"refused"`
	Statuses   []status `json:"statuses"`
}

// Bounds of one call of the service.
const (
	maxEvents = 1000
	maxBytes  = 1 << 20
)

// send hands messages to the service in as many calls as it takes. Where one
// fails nobody knows what the calls before have done, and sending all of it again
// is safe: what is there already is a duplicate.
func (in *Intake) send(ctx context.Context, requestID string, messages []message, source string) ([]status, error) {
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, rpc.RequestIDHeader, requestID), in.limits.Timeout)
	defer cancel()
	statuses := make([]status, len(messages))
	var call calling
	for i, m := range messages {
		e, id, f := m.event(source)
		statuses[i].MessageID = id
		if f != nil {
			statuses[i].take(rpc.ItemStatus(f), "")
			continue
		}
		if size := proto.Size(e); len(call.events) == maxEvents || call.bytes+size > maxBytes {
			if err := in.flush(ctx, &call, statuses); err != nil {
				return nil, err
			}
		}
		call.add(i, e)
	}
	return statuses, in.flush(ctx, &call, statuses)
}

// calling is the events of one call.
type calling struct {
	events []*profilev1.Event
	places []int // among the messages
	bytes  int
}

func (c *calling) add(place int, e *profilev1.Event) {
	c.events, c.places = append(c.events, e), append(c.places, place)
	c.bytes += proto.Size(e)
}

func (in *Intake) flush(ctx context.Context, c *calling, statuses []status) error {
	if len(c.events) == 0 {
		return nil
	}
	answer, err := in.events.IngestEvents(ctx, &profilev1.IngestEventsRequest{Events: c.events})
	if err != nil {
		return err
	}
	if len(answer.GetStatuses()) != len(c.events) {
		return fault.New(fault.Internal, "", "%d events were answered with %d statuses", len(c.events), len(answer.GetStatuses()))
	}
	for n, st := range answer.GetStatuses() {
		s, kind := &statuses[c.places[n]], c.events[n].GetType()
		s.take(st.GetStatus(), kindOf(kind))
		s.Event = st.GetEvent()
		if st.GetOutcome() == profilev1.EventOutcome_EVENT_OUTCOME_DUPLICATE {
			s.Outcome = "duplicate"
		}
		for _, r := range st.GetRemarks() {
			field := fieldOf(r.GetField(), kindOf(kind))
			s.Remarks = append(s.Remarks, remark{r.GetReason(), field, retold(r.GetMessage(), r.GetField(), field)})
		}
	}
	*c = calling{}
	return nil
}

func (s *status) take(st *apiv1.ItemStatus, kind string) {
	s.Outcome = "accepted"
	if st.GetCode() != 0 {
		s.Outcome, s.Reason, s.Field = "refused", st.GetReason(), fieldOf(st.GetField(), kind)
		s.Message = retold(st.GetMessage(), st.GetField(), s.Field)
	}
}

func kindOf(t profilev1.EventType) string {
	for kind, of := range kinds {
		if of == t {
			return kind
		}
	}
	return ""
}

// fieldOf names a field of an event as the sender of a message knows it.
func fieldOf(field, kind string) string {
	first, rest, nested := strings.Cut(field, ".")
	switch first {
	case "original_time":
		first = "timestamp"
	case "identifier":
		first = "userId"
	case "name":
		first = "userId"
	case "visitor":
		first = "anonymousId"
		if kind == "alias" {
			first = "previousId"
		}
	case "event_name":
		first = "event"
		if kind != "track" {
			first = "name"
		}
	case "group":
		first = "groupId"
	case "source":
		first = "writeKey"
	case "properties":
		if kind == "identify" || kind == "group" {
			first = "traits"
		}
	}
	if nested {
		return first + "." + rest
	}
	return first
}

// retold is a message with the field named anew.
func retold(message, from, to string) string {
	if rest, ok := strings.CutPrefix(message, from+": "); ok && from != "" {
		return to + ": " + rest
	}
	return message
}

// answer tells what became of the messages: 200 where any is kept, 400 where none
// is, for then there is nothing but a mistake to tell of.
func answer(x *exchange.Exchange, statuses []status) error {
	r := result{Statuses: statuses}
	for _, s := range statuses {
		switch s.Outcome {
		case "accepted":
			r.Accepted++
		case "duplicate":
			r.Duplicates++
		default:
			r.Refused++
		}
	}
	r.Success = r.Refused == 0
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	h := x.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if r.Refused > 0 && r.Refused == len(statuses) {
		x.WriteHeader(http.StatusBadRequest)
	}
	x.Finish(append(text, '\n'))
	return nil
}
