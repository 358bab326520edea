package campaigns

import (
	"context"
	"iter"
	"slices"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
)

// The records that are kept of a person. A result holds sums alone.
var assignmentSection = personaldata.Section{ID: "campaign_assignments", Title: "Campaigns the person takes part in", TitleZh: "参与的营销活动"}

// Sections are the kinds of records that are kept of a person.
func (s *Store) Sections() []personaldata.Section {
	return []personaldata.Section{assignmentSection}
}

// ReadPerson sends what is kept of some customers.
func (s *Store) ReadPerson(ctx context.Context, customers []string, send func(*apiv1.PersonalDataPart) error) error {
	return personaldata.Send(assignmentSection, s.assignmentsOf(ctx, customers), send)
}

func (s *Store) assignmentsOf(ctx context.Context, customers []string) iter.Seq2[*segmentationv1.CampaignAssignment, error] {
	return func(yield func(*segmentationv1.CampaignAssignment, error) bool) {
		for c, err := range s.every(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			docs, err := s.parts(ctx, c, customers)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, d := range docs {
				if !yield(assignmentProto(c, d), nil) {
					return
				}
			}
		}
	}
}

// every yields all campaigns.
func (s *Store) every(ctx context.Context) iter.Seq2[*Campaign, error] {
	return func(yield func(*Campaign, error) bool) {
		for doc, err := range s.campaigns.Scan(ctx, docstore.Range{}) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(doc.campaign(), nil) {
				return
			}
		}
	}
}

// parts are the assignments that some customers have in a campaign.
func (s *Store) parts(ctx context.Context, c *Campaign, customers []string) ([]*assignmentDoc, error) {
	ids := make([]string, len(customers))
	for i, customer := range customers {
		ids[i] = docstore.ID(c.ID, customer)
	}
	docs, err := s.assignments.GetMany(ctx, ids)
	return slices.DeleteFunc(docs, func(d *assignmentDoc) bool { return d == nil }), err
}

// ErasePerson removes what is kept of some customers. Lists and their counts agree all
// the while. ERASURE_HELD_UP while a campaign is being started.
func (s *Store) ErasePerson(ctx context.Context, customers []string, remove func(section string, found int, remove func(context.Context) error) error) error {
	starting, err := s.in(ctx, Starting)
	if err != nil {
		return err
	}
	var ids []string
	for c, err := range s.every(ctx) {
		if err != nil {
			return err
		}
		docs, err := s.parts(ctx, c, customers)
		if err != nil {
			return err
		}
		if err := s.hide(ctx, c.ID, docs); err != nil {
			return err
		}
		for _, d := range docs {
			ids = append(ids, d.ID)
		}
	}
	if err := remove(assignmentSection.ID, len(ids), func(ctx context.Context) error { return s.assignments.Erase(ctx, ids...) }); err != nil {
		return err
	}
	if err := s.unhide(ctx, customers); err != nil {
		return err
	}
	if len(starting) > 0 {
		return erasure.HeldUp("campaign %q is being started", starting[0].ID)
	}
	return nil
}

// hide takes customers off the lists of a campaign, and out of its counts.
func (s *Store) hide(ctx context.Context, id string, docs []*assignmentDoc) error {
	if len(docs) == 0 {
		return nil
	}
	_, err := s.Change(ctx, id, func(c *Campaign) error {
		changed := false
		for _, d := range docs {
			if !c.assigned() || slices.Contains(c.Hidden, d.customer()) {
				continue
			}
			c.Hidden = append(c.Hidden, d.customer())
			if c.Population--; d.HeldOut {
				c.HeldOut--
			} else {
				c.Treated--
			}
			changed = true
		}
		if !changed {
			return docstore.ErrUnchanged
		}
		return nil
	})
	return err
}

// unhide ends the hiding of customers whose assignments are gone.
func (s *Store) unhide(ctx context.Context, customers []string) error {
	for c, err := range s.every(ctx) {
		if err != nil {
			return err
		}
		gone := func(hidden string) bool { return slices.Contains(customers, hidden) }
		if !slices.ContainsFunc(c.Hidden, gone) {
			continue
		}
		_, err := s.Change(ctx, c.ID, func(c *Campaign) error {
			c.Hidden = slices.DeleteFunc(c.Hidden, gone)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
