package loyalty

import (
	"context"
	"iter"
	"slices"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/valuation/internal/editions"
)

// The records that are kept of a person.
var (
	standingSection = personaldata.Section{ID: "loyalty", Title: "How loyal the person is, by the company's policies", TitleZh: "忠诚度"}
	changeSection   = personaldata.Section{ID: "loyalty_tier_changes", Title: "Changes of the loyalty tier", TitleZh: "忠诚等级变更"}
)

// Sections are the kinds of records that are kept of a person.
func (s *Store) Sections() []personaldata.Section {
	return []personaldata.Section{standingSection, changeSection}
}

// ReadPerson sends what is kept of some customers.
func (s *Store) ReadPerson(ctx context.Context, customers []string, send func(*apiv1.PersonalDataPart) error) error {
	if err := personaldata.Send(standingSection, s.standingsOf(ctx, customers), send); err != nil {
		return err
	}
	return personaldata.Send(changeSection, s.changesOf(ctx, customers), send)
}

func (s *Store) standingsOf(ctx context.Context, customers []string) iter.Seq2[*valuationv1.Loyalty, error] {
	return func(yield func(*valuationv1.Loyalty, error) bool) {
		policies, err := s.book.Subjects(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, policy := range policies {
			_, docs, err := s.rows(ctx, policy, customers)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, doc := range docs {
				number, err := editions.Number(docstore.ParseID(doc.ID)[1])
				if !yield(standingProto(policy, &edition{Number: number}, doc.standing()), err) || err != nil {
					return
				}
			}
		}
	}
}

func (s *Store) changesOf(ctx context.Context, customers []string) iter.Seq2[*valuationv1.LoyaltyTierChange, error] {
	return func(yield func(*valuationv1.LoyaltyTierChange, error) bool) {
		policies, err := s.book.Subjects(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, policy := range policies {
			for _, c := range customers {
				for doc, err := range s.changes.Scan(ctx, docstore.Within(docstore.ID(policy, c))) {
					var change Change
					if err == nil {
						change, err = doc.change()
					}
					if !yield(changeProto(policy, change), err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// rows are the standings of some customers in all evaluations of a policy.
func (s *Store) rows(ctx context.Context, policy string, customers []string) (*record, []*standingDoc, error) {
	r, err := s.book.Get(ctx, policy)
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, number := range r.Kept() {
		for _, c := range customers {
			ids = append(ids, docstore.ID(policy, editions.Key(number), c))
		}
	}
	docs, err := s.standings.GetMany(ctx, ids)
	return r, slices.DeleteFunc(docs, func(d *standingDoc) bool { return d == nil }), err
}

// ErasePerson removes what is kept of some customers: see app.Room. Lists and their
// counts agree all the while. ERASURE_HELD_UP while a policy is being evaluated.
func (s *Store) ErasePerson(ctx context.Context, customers []string, remove func(section string, found int, remove func(context.Context) error) error) error {
	policies, err := s.book.Subjects(ctx)
	if err != nil {
		return err
	}
	var standings, changes []string
	evaluating := false
	for _, policy := range policies {
		r, docs, err := s.rows(ctx, policy, customers)
		if err != nil {
			return err
		}
		evaluating = evaluating || len(r.Open) > 0
		if err := s.hide(ctx, policy, docs); err != nil {
			return err
		}
		for _, doc := range docs {
			standings = append(standings, doc.ID)
		}
		for _, c := range customers {
			for entry, err := range s.changes.ScanRaw(ctx, docstore.Within(docstore.ID(policy, c))) {
				if err != nil {
					return err
				}
				changes = append(changes, entry.ID)
			}
		}
	}
	if err := remove(standingSection.ID, len(standings), func(ctx context.Context) error { return s.standings.Erase(ctx, standings...) }); err != nil {
		return err
	}
	if err := remove(changeSection.ID, len(changes), func(ctx context.Context) error { return s.changes.Erase(ctx, changes...) }); err != nil {
		return err
	}
	for _, policy := range policies {
		if err := s.unhide(ctx, policy, customers); err != nil {
			return err
		}
	}
	if evaluating {
		return erasure.HeldUp("a loyalty policy is being evaluated")
	}
	return nil
}

// hide takes customers off the lists of their evaluations, and out of their counts.
func (s *Store) hide(ctx context.Context, policy string, docs []*standingDoc) error {
	return s.evaluations(ctx, policy, func(e *edition) (changed bool) {
		for _, doc := range docs {
			id := docstore.ParseID(doc.ID)
			if id[1] != editions.Key(e.Number) || e.Info.hides(id[2]) {
				continue
			}
			e.Info.Hidden = append(e.Info.Hidden, id[2])
			e.Info.Customers--
			e.Info.Erased++
			if doc.Score != nil {
				e.Info.Scored--
			}
			if tier := e.Info.tier(doc.Tier); tier != nil {
				tier.Customers--
			}
			changed = true
		}
		return changed
	})
}

// unhide ends the hiding of customers whose standings are gone.
func (s *Store) unhide(ctx context.Context, policy string, customers []string) error {
	return s.evaluations(ctx, policy, func(e *edition) bool {
		before := len(e.Info.Hidden)
		e.Info.Hidden = slices.DeleteFunc(e.Info.Hidden, func(c string) bool { return slices.Contains(customers, c) })
		return len(e.Info.Hidden) != before
	})
}

// evaluations changes the evaluations that are kept; change reports whether it has.
func (s *Store) evaluations(ctx context.Context, policy string, change func(*edition) bool) error {
	return s.book.Change(ctx, policy, func(r *record) error {
		changed := r.Current != nil && change(r.Current)
		for i := range r.Previous {
			changed = change(&r.Previous[i]) || changed
		}
		if !changed {
			return docstore.ErrUnchanged
		}
		return nil
	})
}
