package store

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// survey is a survey as it is stored.
type survey struct {
	docstore.Meta `bson:",inline"`
	DisplayName   string       `bson:"display_name"`
	Kind          domain.Kind  `bson:"kind"`
	Question      string       `bson:"question"`
	State         domain.State `bson:"state"`
	Answered      bool         `bson:"answered"`
	CreatedAt     time.Time    `bson:"created_at"`
	ChangedAt     time.Time    `bson:"changed_at"` // unlike updated_at not by setting answered
	Request       *requestKey  `bson:"request,omitempty"`
}

type requestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

func (d *survey) set(s *domain.Survey) {
	d.DisplayName, d.Kind, d.Question, d.State, d.Answered = s.DisplayName, s.Kind, s.Question, s.State, s.Answered
	d.CreatedAt, d.ChangedAt = s.CreatedAt, s.ChangedAt
	d.Request = nil
	if s.Request != (domain.RequestKey{}) {
		d.Request = &requestKey{ID: s.Request.ID, Hash: s.Request.Hash}
	}
}

func (d *survey) domain() *domain.Survey {
	s := &domain.Survey{
		ID: d.ID, DisplayName: d.DisplayName, Kind: d.Kind, Question: d.Question, State: d.State,
		CreatedAt: d.CreatedAt, ChangedAt: d.ChangedAt, Answered: d.Answered, Version: d.Version,
	}
	if d.Request != nil {
		s.Request = domain.RequestKey{ID: d.Request.ID, Hash: d.Request.Hash}
	}
	return s
}

// Surveys keeps the surveys. Their ids need no escaping.
type Surveys struct {
	docs *docstore.Collection[survey]
}

// Get returns a survey, or the fault SURVEY_NOT_FOUND.
func (s *Surveys) Get(ctx context.Context, id string) (*domain.Survey, error) {
	doc, err := s.docs.Get(ctx, docstore.ID(id))
	if err != nil {
		return nil, surveyFault(id, err)
	}
	return doc.domain(), nil
}

// Page lists surveys in the order of their ids, from behind a position (nil: the
// beginning), and says where to go on, nil at the end.
func (s *Surveys) Page(ctx context.Context, after *docstore.Position, size int) ([]*domain.Survey, *docstore.Position, error) {
	docs, next, err := s.docs.Page(ctx, docstore.Range{After: after, Limit: size})
	surveys := make([]*domain.Survey, len(docs))
	for i, doc := range docs {
		surveys[i] = doc.domain()
	}
	return surveys, next, err
}

// Insert stores a new survey and sets its version, or returns
// docstore.ErrConflict where the id is taken.
func (s *Surveys) Insert(ctx context.Context, created *domain.Survey) error {
	doc := &survey{Meta: docstore.Meta{ID: docstore.ID(created.ID)}}
	doc.set(created)
	err := s.docs.Insert(ctx, doc)
	created.Version = doc.Version
	return err
}

// Update changes a survey if nobody else does meanwhile, or starts again; see
// docstore.Collection.Update. SURVEY_NOT_FOUND where there is none.
func (s *Surveys) Update(ctx context.Context, id string, change func(*domain.Survey) error) (*domain.Survey, error) {
	doc, err := s.docs.Update(ctx, docstore.ID(id), func(doc *survey) error {
		changed := doc.domain()
		if err := change(changed); err != nil {
			return err
		}
		doc.set(changed)
		return nil
	})
	if err != nil {
		return nil, surveyFault(id, err)
	}
	return doc.domain(), nil
}

// Delete removes a survey at a version. It returns docstore.ErrConflict where it
// has another, and the fault SURVEY_NOT_FOUND where there is none.
func (s *Surveys) Delete(ctx context.Context, id string, version int64) error {
	return surveyFault(id, s.docs.Delete(ctx, docstore.ID(id), version))
}

func surveyFault(id string, err error) error {
	if errors.Is(err, docstore.ErrNotFound) {
		return fault.New(fault.NotFound, "SURVEY_NOT_FOUND", "there is no survey %q", id)
	}
	return err
}
