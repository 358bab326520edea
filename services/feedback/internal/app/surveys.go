package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// CreateSurvey stores a draft. The same request again returns the survey that is
// there. Faults: SURVEY_EXISTS, REQUEST_ID_REUSED.
func (a *App) CreateSurvey(ctx context.Context, s *domain.Survey, validateOnly bool) (*domain.Survey, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s.State, s.CreatedAt = domain.Draft, a.now()
	s.ChangedAt = s.CreatedAt
	if validateOnly {
		existing, err := a.repeatedSurvey(ctx, s)
		if fault.KindOf(err) == fault.NotFound {
			return s, nil
		}
		return existing, err
	}
	err := a.store.Surveys.Insert(ctx, s)
	if errors.Is(err, docstore.ErrConflict) {
		return a.repeatedSurvey(ctx, s)
	}
	return s, err
}

func (a *App) repeatedSurvey(ctx context.Context, s *domain.Survey) (*domain.Survey, error) {
	existing, err := a.store.Surveys.Get(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	return existing, s.Repeats(existing)
}

// ChangeSurvey takes the named fields from a survey, where tag is the etag of the
// stored one or empty.
func (a *App) ChangeSurvey(ctx context.Context, from *domain.Survey, fields []string, tag string, validateOnly bool) (*domain.Survey, error) {
	var would *domain.Survey
	changed, err := a.edit(ctx, from.ID, tag, func(s *domain.Survey) (bool, error) {
		changed, err := s.Change(from, fields)
		would = s
		return changed && !validateOnly, err
	})
	if err == nil && validateOnly {
		return would, nil
	}
	return changed, err
}

// StepSurvey brings a survey into another state; where it is in that state
// already, it changes nothing.
func (a *App) StepSurvey(ctx context.Context, id string, to domain.State, tag string) (*domain.Survey, error) {
	return a.edit(ctx, id, tag, func(s *domain.Survey) (bool, error) { return s.Step(to) })
}

// edit applies a change that callers see, where tag is the etag of the stored
// survey or empty. change reports whether there is anything to write.
func (a *App) edit(ctx context.Context, id, tag string, change func(*domain.Survey) (bool, error)) (*domain.Survey, error) {
	return a.store.Surveys.Update(ctx, id, func(s *domain.Survey) error {
		if err := etag.Check(tag, s.Edition()); err != nil {
			return err
		}
		changed, err := change(s)
		if err == nil && !changed {
			return docstore.ErrUnchanged
		}
		s.ChangedAt = a.now()
		return err
	})
}

// DeleteSurvey removes a survey without responses, where tag is its etag or
// empty. SURVEY_HAS_RESPONSES where it has any, or had one under way that may
// still be stored.
func (a *App) DeleteSurvey(ctx context.Context, id, tag string) error {
	for {
		s, err := a.store.Surveys.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := etag.Check(tag, s.Edition()); err != nil {
			return err
		}
		if s.Answered {
			return fault.New(fault.FailedPrecondition, "SURVEY_HAS_RESPONSES", "survey %q has responses; close it instead", id)
		}
		err = a.store.Surveys.Delete(ctx, id, s.Version)
		if !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
}
