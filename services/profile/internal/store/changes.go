package store

import (
	"context"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// The newest change of a customer is part of its record, so that no change is
// without its history. When the next one takes its place, it is put here first.

// change is a change as it is stored, under the customer and the change's Seq.
type change struct {
	docstore.Meta `bson:",inline"`
	Change        changeDoc `bson:"change"`
}

// changeDoc is a domain.Change as it is stored. What was there before and after
// is sealed; which fields they are and who changed them is not.
type changeDoc struct {
	Seq       int64    `bson:"seq"`
	Actor     string   `bson:"actor"`
	RequestID string   `bson:"request_id,omitempty"`
	Created   bool     `bson:"created,omitempty"`
	Fields    []string `bson:"fields,omitempty"`
	Sealed    []byte   `bson:"sealed,omitempty"` // states, written by encodeContent

	content []byte // what was sealed, once it is opened
}

// states are what a change describes of a person.
type states struct {
	Before *domain.Details `json:"before"`
	After  *domain.Details `json:"after"`
}

// newChangeDoc is a change as it is stored, yet to be sealed.
func newChangeDoc(c *domain.Change) (*changeDoc, error) {
	d := &changeDoc{Seq: c.Seq, Actor: c.Actor, RequestID: c.RequestID, Created: c.Created, Fields: c.Fields}
	var err error
	d.content, err = encodeContent(&states{c.Before, c.After})
	return d, err
}

// domain reads a stored change that is opened.
func (d *changeDoc) domain() (*domain.Change, error) {
	var s states
	if err := decodeContent(d.content, &s); err != nil {
		return nil, err
	}
	return &domain.Change{
		Seq: d.Seq, Actor: d.Actor, RequestID: d.RequestID, Created: d.Created, Fields: d.Fields,
		Before: s.Before, After: s.After,
	}, nil
}

func (d *changeDoc) seal(subject string) seal {
	return seal{subject, "changes!" + seqKey(d.Seq), &d.Sealed, &d.content}
}

// Changes keeps the changes of customers' records but for each one's newest.
type Changes struct {
	docs  *docstore.Collection[change]
	vault *vault.Vault
}

func openChanges(ctx context.Context, engine docstore.Engine, v *vault.Vault, clock func() time.Time) (*Changes, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[change]{Name: "customer_changes"}, docstore.WithClock(clock))
	return &Changes{docs, v}, err
}

// ChangeOf is a change and whose record it changed.
type ChangeOf struct {
	Customer string
	Change   *domain.Change
}

// Put keeps changes. Those that are there stay.
func (s *Changes) Put(ctx context.Context, changes []ChangeOf) error {
	if len(changes) == 0 {
		return nil
	}
	ops := make([]docstore.Op[change], len(changes))
	seals := make([]seal, len(changes))
	for i, c := range changes {
		stored, err := newChangeDoc(c.Change)
		if err != nil {
			return err
		}
		doc := &change{Meta: docstore.Meta{ID: changeID(c.Customer, c.Change.Seq)}, Change: *stored}
		ops[i] = docstore.Op[change]{Doc: doc, Expect: docstore.Absent}
		seals[i] = doc.Change.seal(c.Customer)
	}
	if err := closeAll(ctx, s.vault, seals); err != nil {
		return err
	}
	errs, err := s.docs.Write(ctx, ops)
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil && !Lost(err) {
			return err
		}
	}
	return nil
}

// Page lists the changes of a customer, the newest first.
func (s *Changes) Page(ctx context.Context, c *domain.Customer, after *docstore.Position, size int) (Page[*domain.Change], error) {
	var page Page[*domain.Change]
	r := docstore.Within(docstore.ID(c.ID))
	r.Reverse, r.After, r.Limit = true, after, size
	if after == nil && c.LastChange != nil {
		page.Items = append(page.Items, c.LastChange)
		r.After = &docstore.Position{ID: changeID(c.ID, c.LastChange.Seq)}
		r.Limit = max(size-1, 1)
	}
	docs, next, err := s.docs.Page(ctx, r)
	if err != nil {
		return page, err
	}
	if len(docs) > 0 && len(page.Items) == size {
		page.Next = r.After // there is more than the newest, which has filled the page
		return page, nil
	}
	page.Next = next
	seals := make([]seal, len(docs))
	for i, doc := range docs {
		seals[i] = doc.Change.seal(c.ID)
	}
	if err := openAll(ctx, s.vault, seals); err != nil {
		return page, err
	}
	for _, doc := range docs {
		change, err := doc.Change.domain()
		if err != nil {
			return page, damaged("change", doc.ID, err)
		}
		page.Items = append(page.Items, change)
	}
	return page, nil
}

// purgeBatch bounds how many changes are removed in one write.
const purgeBatch = 500

// Purge removes the changes of a customer that were made before a time.
func (s *Changes) Purge(ctx context.Context, customer string, before time.Time) error {
	r := docstore.Within(docstore.ID(customer))
	r.To, r.Limit = changeID(customer, before.UnixMilli()), purgeBatch
	for {
		var ops []docstore.Op[change]
		for doc, err := range s.docs.Scan(ctx, r) {
			if err != nil {
				return err
			}
			ops = append(ops, docstore.Op[change]{Doc: &change{Meta: docstore.Meta{ID: doc.ID}}, Expect: docstore.Any, Delete: true})
		}
		if len(ops) == 0 {
			return nil
		}
		if _, err := s.docs.Write(ctx, ops); err != nil {
			return err
		}
	}
}

func changeID(customer string, seq int64) string {
	return docstore.ID(customer, seqKey(seq))
}

// seqKey sorts as the number does.
func seqKey(seq int64) string { return fmt.Sprintf("%016x", uint64(seq)^1<<63) }
