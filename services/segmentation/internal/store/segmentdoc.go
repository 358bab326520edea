package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// segment is a segment as it is stored.
type segment struct {
	docstore.Meta `bson:",inline"`
	DisplayName   string       `bson:"display_name,omitempty"`
	Description   string       `bson:"description,omitempty"`
	Rule          string       `bson:"rule,omitempty"`
	RFM           *rfm         `bson:"rfm,omitempty"`
	Revision      int64        `bson:"revision"`
	State         domain.State `bson:"state"`
	Born          int64        `bson:"born"`
	Floor         int64        `bson:"floor,omitempty"`
	Formed        *formed      `bson:"formed,omitempty"`
	Failure       *failure     `bson:"failure,omitempty"`
	CreatedAt     time.Time    `bson:"created_at"`
	Request       *requestKey  `bson:"request,omitempty"`
}

type rfm struct {
	Groups []string `bson:"groups,omitempty"`
	Cells  []string `bson:"cells,omitempty"`
}

type formed struct {
	Generation int64     `bson:"generation"`
	Members    int64     `bson:"members"`
	At         time.Time `bson:"at"`
	AsOf       time.Time `bson:"as_of,omitempty"`
	Hidden     []string  `bson:"hidden,omitempty"`
}

type failure struct {
	Code    int32  `bson:"code"`
	Reason  string `bson:"reason"`
	Message string `bson:"message"`
	Field   string `bson:"field,omitempty"`
}

type requestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

func segmentDoc(s *domain.Segment) *segment {
	d := &segment{
		Meta:        docstore.Meta{ID: docstore.ID(s.ID), Version: s.Version, UpdatedAt: s.UpdatedAt},
		DisplayName: s.DisplayName, Description: s.Description,
		Rule: s.Definition.Rule, Revision: s.Revision, State: s.State, Born: s.Born, Floor: s.Floor, CreatedAt: s.CreatedAt,
	}
	if r := s.Definition.RFM; r != nil {
		d.RFM = &rfm{r.Groups, r.Cells}
	}
	if s.Formed.Generation > 0 {
		f := formed(s.Formed)
		d.Formed = &f
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
		ID: docstore.ParseID(d.ID)[0], DisplayName: d.DisplayName, Description: d.Description,
		Definition: domain.Definition{Rule: d.Rule}, Revision: d.Revision, State: d.State, Born: d.Born, Floor: d.Floor,
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Version: d.Version,
	}
	if d.RFM != nil {
		s.Definition.RFM = &domain.RFM{Groups: d.RFM.Groups, Cells: d.RFM.Cells}
	}
	if d.Formed != nil {
		s.Formed = domain.Formed(*d.Formed)
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
