package facts

import (
	"context"
	"iter"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/valuation/internal/editions"
)

// The records that are kept of a person.
var (
	factSection = personaldata.Section{ID: "customer_facts", Title: "Copies of the last survey answer and the share of orders at list price", TitleZh: "满意度与原价购买的副本"}
	edgeSection = personaldata.Section{ID: "referral_copies", Title: "Copies of who brought whom", TitleZh: "推荐关系的副本"}
)

// Sections are the kinds of records that are kept of a person.
func (s *Store) Sections() []personaldata.Section {
	return []personaldata.Section{factSection, edgeSection}
}

// ReadPerson sends what is kept of some customers. Of other people it names none.
func (s *Store) ReadPerson(ctx context.Context, customers []string, send func(*apiv1.PersonalDataPart) error) error {
	if err := personaldata.Send(factSection, s.factRecords(ctx, customers), send); err != nil {
		return err
	}
	return personaldata.Send(edgeSection, s.edgeRecords(ctx, customers), send)
}

// copiesOf are the ids of all documents that hold facts of some customers.
func (s *Store) copiesOf(ctx context.Context, customers []string) (ids []string, err error) {
	for _, kind := range []Kind{Satisfaction, Prices} {
		r, err := s.book.Get(ctx, string(kind))
		if err != nil {
			return nil, err
		}
		for _, copied := range r.Kept() {
			for _, c := range customers {
				ids = append(ids, docstore.ID(string(kind), editions.Key(copied), c))
			}
		}
	}
	exist, err := s.facts.Exist(ctx, ids)
	found := ids[:0]
	for i, id := range ids {
		if err == nil && exist[i] {
			found = append(found, id)
		}
	}
	return found, err
}

// edgesOf are the ids of all documents that name some customers on either side.
func (s *Store) edgesOf(ctx context.Context, customers []string) ([]string, error) {
	r, err := s.book.Get(ctx, string(Referrals))
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	var ids []string
	note := func(found iter.Seq2[docstore.Entry, error]) error {
		for entry, err := range found {
			if err != nil {
				return err
			}
			if !seen[entry.ID] {
				seen[entry.ID] = true
				ids = append(ids, entry.ID)
			}
		}
		return nil
	}
	for _, copied := range r.Kept() {
		for _, c := range customers {
			if err := note(s.edges.ScanRaw(ctx, docstore.Within(docstore.ID(editions.Key(copied), c)))); err != nil {
				return nil, err
			}
			// The key is made of the referee alone: what continues it is none of ours.
			r := docstore.Only(refereeKey(copied, c))
			r.Index = byReferee
			if err := note(s.edges.ScanRaw(ctx, r)); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

// records are the documents with the ids that find finds, each as record writes it.
func records[D any](
	ctx context.Context, docs *docstore.Collection[D], find func(context.Context) ([]string, error), record func(*D) (*structpb.Struct, error),
) iter.Seq2[*structpb.Struct, error] {
	return func(yield func(*structpb.Struct, error) bool) {
		ids, err := find(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		found, err := docs.GetMany(ctx, ids)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, d := range found {
			if d == nil {
				continue
			}
			r, err := record(d)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (s *Store) factRecords(ctx context.Context, customers []string) iter.Seq2[*structpb.Struct, error] {
	find := func(ctx context.Context) ([]string, error) { return s.copiesOf(ctx, customers) }
	return records(ctx, s.facts, find, func(d *factDoc) (*structpb.Struct, error) {
		id := docstore.ParseID(d.ID)
		return structpb.NewStruct(map[string]any{
			"customerId": id[2], "kind": id[0], "value": d.Value, "count": float64(d.Count),
		})
	})
}

func (s *Store) edgeRecords(ctx context.Context, customers []string) iter.Seq2[*structpb.Struct, error] {
	find := func(ctx context.Context) ([]string, error) { return s.edgesOf(ctx, customers) }
	return records(ctx, s.edges, find, func(d *edgeDoc) (*structpb.Struct, error) { return edgeRecord(d.edge(), customers) })
}

func edgeRecord(e Edge, customers []string) (*structpb.Struct, error) {
	fields := map[string]any{"signUpTime": time.UnixMilli(e.SignUpMS).UTC().Format(time.RFC3339), "qualified": e.Qualified()}
	for _, c := range customers {
		switch c {
		case e.Advocate:
			fields["advocateId"] = c
		case e.Referee:
			fields["refereeId"] = c
		}
	}
	return structpb.NewStruct(fields)
}

// ErasePerson removes what is kept of some customers: see app.Room.
// ERASURE_HELD_UP while facts are being copied, which may be theirs.
func (s *Store) ErasePerson(ctx context.Context, customers []string, remove func(section string, found int, remove func(context.Context) error) error) error {
	facts, err := s.copiesOf(ctx, customers)
	if err != nil {
		return err
	}
	if err := remove(factSection.ID, len(facts), func(ctx context.Context) error { return s.facts.Erase(ctx, facts...) }); err != nil {
		return err
	}
	edges, err := s.edgesOf(ctx, customers)
	if err != nil {
		return err
	}
	if err := remove(edgeSection.ID, len(edges), func(ctx context.Context) error { return s.edges.Erase(ctx, edges...) }); err != nil {
		return err
	}
	for _, kind := range Kinds {
		r, err := s.book.Get(ctx, string(kind))
		if err != nil {
			return err
		}
		if len(r.Open) > 0 {
			return erasure.HeldUp("what other services know of customers is being copied")
		}
	}
	return nil
}
