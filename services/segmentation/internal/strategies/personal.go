package strategies

import (
	"context"
	"iter"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
)

// The records that are kept of a person. What counts towards caps says no more than
// the events do, and goes with them.
var eventSection = personaldata.Section{ID: "action_events", Title: "What entering and leaving segments has triggered", TitleZh: "分群变动触发的动作"}

// Personal shows and erases what is kept of persons.
type Personal struct {
	Store      *Store
	Automation *Automation
}

// Sections are the kinds of records that are kept of a person.
func (p *Personal) Sections() []personaldata.Section { return []personaldata.Section{eventSection} }

// ReadPerson sends what is kept of some customers.
func (p *Personal) ReadPerson(ctx context.Context, customers []string, send func(*apiv1.PersonalDataPart) error) error {
	return personaldata.Send(eventSection, p.events(ctx, customers), send)
}

func (p *Personal) events(ctx context.Context, customers []string) iter.Seq2[*segmentationv1.ActionEvent, error] {
	return func(yield func(*segmentationv1.ActionEvent, error) bool) {
		for _, customer := range customers {
			for doc, err := range p.Store.events.Scan(ctx, EventFilter{Customers: []string{customer}}.ranged()) {
				var m *segmentationv1.ActionEvent
				if err == nil {
					m = eventProto(doc.event())
				}
				if !yield(m, err) || err != nil {
					return
				}
			}
		}
	}
}

// ErasePerson removes what is kept of some customers. ERASURE_HELD_UP while actions
// are being delivered by another process.
func (p *Personal) ErasePerson(ctx context.Context, customers []string, remove func(section string, found int, remove func(context.Context) error) error) error {
	return p.Automation.Excluding(ctx, func() error {
		var events, contacts []string
		for _, customer := range customers {
			contacts = append(contacts, docstore.ID(customer))
			for entry, err := range p.Store.events.ScanRaw(ctx, EventFilter{Customers: []string{customer}}.ranged()) {
				if err != nil {
					return err
				}
				events = append(events, entry.ID)
			}
		}
		if err := p.eraseContacts(ctx, contacts); err != nil {
			return err
		}
		return remove(eventSection.ID, len(events), func(ctx context.Context) error { return p.Store.events.Erase(ctx, events...) })
	})
}

// eraseContacts erases those that are there: erasing rewrites files.
func (p *Personal) eraseContacts(ctx context.Context, ids []string) error {
	there, err := p.Store.contacts.Exist(ctx, ids)
	if err != nil {
		return err
	}
	var found []string
	for i, id := range ids {
		if there[i] {
			found = append(found, id)
		}
	}
	return p.Store.contacts.Erase(ctx, found...)
}
