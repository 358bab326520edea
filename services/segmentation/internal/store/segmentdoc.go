package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// segment is a segment as it is stored.
type segment struct {
	docstore.Meta `bson:",inline"`
	DisplayName   string            `bson:"display_name,omitempty"`
	Description   string            `bson:"description,omitempty"`
	Labels        map[string]string `bson:"labels,omitempty"`
	Definition    definition        `bson:",inline"`
	Revision      int64             `bson:"revision"`
	DefinedAt     time.Time         `bson:"defined_at"`
	Restored      int64             `bson:"restored,omitempty"`
	State         domain.State      `bson:"state"`
	Wanted        bool              `bson:"wanted,omitempty"`
	Edits         int64             `bson:"edits"`
	Born          int64             `bson:"born"`
	Formed        *formed           `bson:"formed,omitempty"`
	Coming        *coming           `bson:"coming,omitempty"`
	Turn          *turn             `bson:"turn,omitempty"`
	Failure       *failure          `bson:"failure,omitempty"`
	CreatedAt     time.Time         `bson:"created_at"`
	Request       *requestKey       `bson:"request,omitempty"`
}

// definition is a definition as it is stored, in a segment or a revision.
type definition struct {
	Rule      string     `bson:"rule,omitempty"`
	RFM       *rfm       `bson:"rfm,omitempty"`
	List      bool       `bson:"list,omitempty"`
	Partition *partition `bson:"partition,omitempty"`
}

type partition struct {
	Run   string `bson:"run"`
	Label string `bson:"label"`
	Gone  bool   `bson:"gone,omitempty"`
}

func definitionDoc(d domain.Definition) definition {
	doc := definition{Rule: d.Rule, List: d.List}
	if d.RFM != nil {
		doc.RFM = &rfm{d.RFM.Groups, d.RFM.Cells}
	}
	if d.Partition != nil {
		p := partition(*d.Partition)
		doc.Partition = &p
	}
	return doc
}

func (d definition) domain() domain.Definition {
	of := domain.Definition{Rule: d.Rule, List: d.List}
	if d.RFM != nil {
		of.RFM = &domain.RFM{Groups: d.RFM.Groups, Cells: d.RFM.Cells}
	}
	if d.Partition != nil {
		p := domain.Partition(*d.Partition)
		of.Partition = &p
	}
	return of
}

type rfm struct {
	Groups []string `bson:"groups,omitempty"`
	Cells  []string `bson:"cells,omitempty"`
}

type formed struct {
	Generation int64                `bson:"generation"`
	Members    int64                `bson:"members"`
	At         time.Time            `bson:"at"`
	AsOf       time.Time            `bson:"as_of,omitempty"`
	Revision   int64                `bson:"revision"`
	Synced     map[string]time.Time `bson:"synced,omitempty"`
	Hidden     []string             `bson:"hidden,omitempty"`
}

// coming is what a pass has made that is not over.
type coming struct {
	Formed formed `bson:"formed"`
	Asked  int64  `bson:"asked,omitempty"`
	Whole  bool   `bson:"whole,omitempty"`
}

// turn is what the segment becomes with another run.
type turn struct {
	Run         string            `bson:"run"`
	DisplayName string            `bson:"display_name,omitempty"`
	Description string            `bson:"description,omitempty"`
	Labels      map[string]string `bson:"labels,omitempty"`
	Definition  definition        `bson:",inline"`
	At          time.Time         `bson:"at"`
}

type failure struct {
	Code    int32  `bson:"code"`
	Reason  string `bson:"reason"`
	Message string `bson:"message"`
	Field   string `bson:"field,omitempty"`

	Customers int64 `bson:"customers,omitempty"`
}

type requestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

func segmentDoc(s *domain.Segment) *segment {
	d := &segment{
		Meta:        docstore.Meta{ID: docstore.ID(s.ID), Version: s.Version, UpdatedAt: s.UpdatedAt},
		DisplayName: s.DisplayName, Description: s.Description, Labels: s.Labels, Definition: definitionDoc(s.Definition),
		Revision: s.Revision, DefinedAt: s.DefinedAt, Restored: s.Restored, State: s.State, Wanted: s.Wanted, Edits: s.Edits,
		Born: s.Born, CreatedAt: s.CreatedAt,
	}
	if s.Formed.Generation > 0 {
		f := formed(s.Formed)
		d.Formed = &f
	}
	if c := s.Coming; c != nil {
		d.Coming = &coming{formed(c.Formed), c.Asked, c.Whole}
	}
	if t := s.Turn; t != nil {
		d.Turn = &turn{t.Run, t.DisplayName, t.Description, t.Labels, definitionDoc(t.Definition), t.At}
	}
	if s.Failure != nil {
		f := failure(*s.Failure)
		d.Failure = &f
	}
	if s.Request != (domain.RequestKey{}) {
		r := requestKey(s.Request)
		d.Request = &r
	}
	return d
}

func (d *segment) domain() domain.Segment {
	s := domain.Segment{
		ID: docstore.ParseID(d.ID)[0], DisplayName: d.DisplayName, Description: d.Description, Labels: d.Labels,
		Definition: d.Definition.domain(), Revision: d.Revision, DefinedAt: d.DefinedAt, Restored: d.Restored,
		State: d.State, Wanted: d.Wanted, Edits: d.Edits, Born: d.Born,
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Version: d.Version,
	}
	if d.Formed != nil {
		s.Formed = domain.Formed(*d.Formed)
	}
	if c := d.Coming; c != nil {
		s.Coming = &domain.Coming{Formed: domain.Formed(c.Formed), Asked: c.Asked, Whole: c.Whole}
	}
	if t := d.Turn; t != nil {
		s.Turn = &domain.Turn{
			Run: t.Run, DisplayName: t.DisplayName, Description: t.Description, Labels: t.Labels, Definition: t.Definition.domain(), At: t.At,
		}
	}
	if d.Failure != nil {
		f := domain.Failure(*d.Failure)
		s.Failure = &f
	}
	if d.Request != nil {
		s.Request = domain.RequestKey(*d.Request)
	}
	return s
}
