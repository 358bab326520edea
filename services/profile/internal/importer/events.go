package importer

import (
	"context"
	"strconv"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// Events takes events in; *events.Recorder does.
type Events interface {
	Import(ctx context.Context, items []events.Item, validateOnly bool, remarked func([]events.Status) error) ([]events.Status, error)
}

// recordEvents writes the events of a batch. An event that is there already, of an
// earlier row or from elsewhere, is unchanged.
func (i *Importer) recordEvents(ctx context.Context, f *file, b *batch) error {
	records := make([]keyed, len(b.events))
	for n := range b.events {
		e := &b.events[n].Event
		sender := e.Sender.String()
		if by := b.events[n].By; by != nil {
			var err error
			if sender, err = i.recorder.Pseudonym(*by); err != nil {
				return err
			}
		}
		records[n] = keyed{n, docstore.ID(f.run(), sender, e.ID), b.rowOf[n]}
	}
	outcomes, err := i.repeatable(ctx, f, records, func(some []keyed) ([]app.Outcome, error) {
		return i.ingest(ctx, f, b, some)
	})
	if err != nil {
		return err
	}
	for n, out := range outcomes {
		if err := b.count(f, n, b.rowOf[n], out, eventColumn); err != nil {
			return err
		}
	}
	return i.countRemarks(ctx, f, b)
}

func (i *Importer) ingest(ctx context.Context, f *file, b *batch, some []keyed) ([]app.Outcome, error) {
	items := pick(b.events, some)
	statuses, err := i.events.Import(ctx, items, f.DryRun, func(statuses []events.Status) error {
		return i.rejects.put(ctx, remarks(f.run(), b, some, statuses))
	})
	if err != nil {
		return nil, err
	}
	outcomes := make([]app.Outcome, len(statuses))
	for n, s := range statuses {
		switch s.Outcome {
		case events.Accepted:
			outcomes[n].Effect = app.Created
		case events.Duplicate:
			outcomes[n].Effect = app.Unchanged
		default:
			outcomes[n].Fault = s.Fault
		}
	}
	return outcomes, nil
}

// remarks are the values that were left out of a customer's record, of rows whose
// events were taken in. Traits for which the record has no field stay with the
// event, and are none.
func remarks(run string, b *batch, some []keyed, statuses []events.Status) []*reject {
	var all []*reject
	for n, s := range statuses {
		met := make(map[string]bool)
		for _, f := range s.Remarks {
			if f.Reason == "TRAIT_NOT_MAPPED" || len(f.Violations) == 0 {
				continue
			}
			place := some[n].place
			r := leftOut(run, b.rowOf[place], moved(whose(f), eventColumn(f.Violations[0].Field)), told(b.events[place].Content.Properties, f.Violations[0].Field))
			if !met[r.ID] {
				met[r.ID] = true
				all = append(all, r)
			}
		}
	}
	return all
}

// told is the property at the path of a field, as text.
func told(properties map[string]any, field string) string {
	path, is := strings.CutPrefix(field, ofProperties)
	if !is {
		return ""
	}
	var value any = properties
	for _, name := range strings.Split(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	if number, is := value.(float64); is {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return sheet.Text(value)
}

// whose is a fault without a word on whose an identifier is.
func whose(f *fault.Fault) *fault.Fault {
	if f.Reason != "IDENTIFIER_TAKEN" {
		return f
	}
	told := *f
	told.Message = "belongs to another customer"
	if len(f.Violations) > 0 {
		told.Violations = []fault.Violation{{Field: f.Violations[0].Field, Description: told.Message}}
	}
	return &told
}

// countRemarks counts the values left out of a batch of events as they are stored: an
// event that was taken in by an earlier attempt at the batch remarks on nothing.
func (i *Importer) countRemarks(ctx context.Context, f *file, b *batch) error {
	if f.DryRun {
		return nil
	}
	n, err := i.rejects.leftOut(ctx, f.run(), b.rowOf[0], b.rowOf[len(b.rowOf)-1])
	b.tally.Counts.LeftOut += n
	return err
}

// eventColumn is the column from which a field of an event comes.
func eventColumn(path string) string {
	switch path {
	case "original_time":
		return "timestamp"
	case "event_name":
		return "event"
	case "visitor":
		return "anonymous_id"
	case "identifier", "name":
		return "customer_id"
	case "group":
		return "group_id"
	}
	return path
}
