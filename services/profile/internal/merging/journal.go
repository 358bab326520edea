package merging

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// journal keeps the records of merges, and for each customer which of them are
// about it:
//
//	merges        _id merge
//	merge_parties _id customer!time!merge, the latest first
type journal struct {
	merges  *docstore.Collection[mergeDoc]
	parties *docstore.Collection[partyDoc]
}

// mergeDoc is a Record as it is stored.
type mergeDoc struct {
	docstore.Meta `bson:",inline"`
	State         State          `bson:"state"`
	Survivor      string         `bson:"survivor"`
	Parts         []partDoc      `bson:"parts"`
	Token         string         `bson:"token"`
	Content       []byte         `bson:"content,omitempty"`
	Actor         string         `bson:"actor"`
	Automatic     bool           `bson:"automatic"`
	Request       aip.RequestKey `bson:"request"`
	Open          *time.Time     `bson:"open,omitempty"`
	CreatedAt     time.Time      `bson:"created_at"`
}

type partDoc struct {
	Customer string     `bson:"customer"`
	Cutting  bool       `bson:"cutting,omitempty"`
	Cut      bool       `bson:"cut,omitempty"`
	CutBy    string     `bson:"cut_by,omitempty"`
	CutAt    *time.Time `bson:"cut_at,omitempty"`
}

// partyDoc says that a merge is about a customer.
type partyDoc struct {
	docstore.Meta `bson:",inline"`
}

const (
	timeIndex    = "time"    // merges that were made, the latest first
	changedIndex = "changed" // the same by when they changed last
	openIndex    = "open"    // those with a step under way, by since when
)

func openJournal(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*journal, error) {
	merges, err := docstore.Open(ctx, engine, docstore.Schema[mergeDoc]{
		Name: "merges",
		Indexes: []docstore.Index[mergeDoc]{
			{Name: timeIndex, Key: func(d *mergeDoc) string {
				return madeKey(d, docstore.Desc(docstore.Time(d.CreatedAt)))
			}},
			{Name: changedIndex, Key: func(d *mergeDoc) string { return madeKey(d, docstore.Time(d.UpdatedAt)) }},
			{Name: openIndex, Key: func(d *mergeDoc) string {
				if d.Open == nil {
					return ""
				}
				return docstore.Key(docstore.Time(*d.Open))
			}},
		},
	}, docstore.WithClock(clock))
	if err != nil {
		return nil, err
	}
	parties, err := docstore.Open(ctx, engine, docstore.Schema[partyDoc]{Name: "merge_parties"}, docstore.WithClock(clock))
	return &journal{merges, parties}, err
}

// madeKey keeps what was never made out of an index.
func madeKey(d *mergeDoc, by docstore.KeyPart) string {
	if d.State != Merged && d.State != Unmerged {
		return ""
	}
	return docstore.Key(by)
}

// get returns a record, or a NotFound fault MERGE_RECORD_NOT_FOUND.
func (j *journal) get(ctx context.Context, id string) (Record, error) {
	doc, err := j.merges.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return Record{}, recordNotFound(id)
	}
	if err != nil {
		return Record{}, err
	}
	return doc.record(), nil
}

// begin writes a new record, and that it is about its customers. It returns
// docstore.ErrConflict where there is one under its id.
func (j *journal) begin(ctx context.Context, r Record) error {
	doc := recordDoc(r)
	if err := j.merges.Insert(ctx, doc); err != nil {
		return err
	}
	var ops []docstore.Op[partyDoc]
	for _, id := range partyIDs(r) {
		ops = append(ops, docstore.Op[partyDoc]{Doc: &partyDoc{docstore.Meta{ID: id}}, Expect: docstore.Any})
	}
	return j.writeParties(ctx, ops)
}

// forget removes a record that came to nothing.
func (j *journal) forget(ctx context.Context, r Record) error {
	var ops []docstore.Op[partyDoc]
	for _, id := range partyIDs(r) {
		ops = append(ops, docstore.Op[partyDoc]{Doc: &partyDoc{docstore.Meta{ID: id}}, Expect: docstore.Any, Delete: true})
	}
	if err := j.writeParties(ctx, ops); err != nil {
		return err
	}
	doc, err := j.merges.Get(ctx, docstore.ID(r.ID))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	if err != nil || doc.Token != r.Token || doc.State != GivenUp {
		return err
	}
	if err := j.merges.Delete(ctx, doc.ID, doc.Version); !errors.Is(err, docstore.ErrNotFound) {
		return err
	}
	return nil
}

func (j *journal) writeParties(ctx context.Context, ops []docstore.Op[partyDoc]) error {
	errs, err := j.parties.Write(ctx, ops)
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
	}
	return nil
}

// update changes a record as docstore.Collection.Update does. An attempt that is
// no longer the one under the id is a fault MERGE_RECORD_NOT_FOUND.
func (j *journal) update(ctx context.Context, id, token string, change func(*Record) error) (Record, error) {
	doc, err := j.merges.Update(ctx, docstore.ID(id), func(d *mergeDoc) error {
		r := d.record()
		if r.Token != token {
			return recordNotFound(id)
		}
		if err := change(&r); err != nil {
			return err
		}
		meta := d.Meta
		*d = *recordDoc(r)
		d.Meta = meta
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return Record{}, recordNotFound(id)
	}
	if err != nil {
		return Record{}, err
	}
	return doc.record(), nil
}

func partyIDs(r Record) []string {
	latestFirst := fmt.Sprintf("%016x", math.MaxInt64-r.CreatedAt.UnixMilli())
	ids := []string{docstore.ID(r.Survivor, latestFirst, r.ID)}
	for _, p := range r.Parts {
		ids = append(ids, docstore.ID(p.Customer, latestFirst, r.ID))
	}
	return ids
}

func recordDoc(r Record) *mergeDoc {
	d := &mergeDoc{
		Meta: docstore.Meta{ID: docstore.ID(r.ID)}, State: r.State, Survivor: r.Survivor, Token: r.Token,
		Content: r.Content, Actor: r.Actor, Automatic: r.Automatic,
		Request: r.Request, Open: instantDoc(r.Open), CreatedAt: r.CreatedAt,
	}
	for _, p := range r.Parts {
		d.Parts = append(d.Parts, partDoc{p.Customer, p.Cutting, p.Cut, p.CutBy, instantDoc(p.CutAt)})
	}
	return d
}

func (d *mergeDoc) record() Record {
	r := Record{
		ID: docstore.ParseID(d.ID)[0], State: d.State, Survivor: d.Survivor, Token: d.Token,
		Content: d.Content, Actor: d.Actor, Automatic: d.Automatic,
		Request: d.Request, Open: instantOf(d.Open),
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
	for _, p := range d.Parts {
		r.Parts = append(r.Parts, Part{
			Customer: p.Customer, Cutting: p.Cutting, Cut: p.Cut, CutBy: p.CutBy, CutAt: instantOf(p.CutAt),
		})
	}
	return r
}

func instantDoc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func instantOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
