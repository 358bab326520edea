package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/oklog/ulid/v2"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// submission is one answer on its way, and what has become of it: it is settled
// once it is stored or refused.
type submission struct {
	given  *domain.Response
	stored *domain.Response
	err    error
}

func (s *submission) settled() bool { return s.stored != nil || s.err != nil }

// Submit records one answer and returns it as stored. Without an id it gets a
// ULID, or one made from the key of its request. The same answer with the same id
// again changes nothing, whatever has become of the survey. Faults are those of
// SubmitAll.
func (a *App) Submit(ctx context.Context, survey string, r *domain.Response) (*domain.Response, error) {
	switch {
	case r.ID != "":
		r.Request = "" // the id is the key
	case r.Request != "":
		r.ID = idOfRequest("SubmitResponse", r.Request)
	default:
		r.ID = ulid.MustNewDefault(a.now()).String()
	}
	s := &submission{given: r}
	if err := a.submit(ctx, survey, []*submission{s}); err != nil {
		return nil, err
	}
	return s.stored, s.err
}

// SubmitAll records answers whose ids differ, each by itself, and returns one
// error per answer. Faults of an answer: SURVEY_NOT_OPEN, CUSTOMER_UNKNOWN,
// RESPONSE_ID_REUSED, INVALID_FIELD. The second result is an error of the call as
// a whole, such as SURVEY_NOT_FOUND: submitting the same again is safe.
func (a *App) SubmitAll(ctx context.Context, survey string, responses []*domain.Response) ([]error, error) {
	submissions := make([]*submission, len(responses))
	for i, r := range responses {
		submissions[i] = &submission{given: r}
	}
	if err := a.submit(ctx, survey, submissions); err != nil {
		return nil, err
	}
	errs := make([]error, len(submissions))
	for i, s := range submissions {
		errs[i] = s.err
	}
	return errs, nil
}

// submit settles submissions whose ids differ. What was recorded before is
// recognised first: a repeated call succeeds even when the survey is closed.
func (a *App) submit(ctx context.Context, id string, all []*submission) error {
	survey, err := a.store.Surveys.Get(ctx, id)
	if err != nil {
		return err
	}
	now := a.now()
	for _, s := range all {
		s.given.Survey = id
		s.err = s.given.Normalize(now)
	}
	open, err := a.recognise(ctx, id, unsettled(all))
	if err != nil {
		return err
	}
	if err := survey.NotOpen(); err != nil {
		return refuseAll(open, err)
	}
	// Erase relies on this: what was asked for longer ago is stored, or never will be.
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	if open, err = a.ofKnown(ctx, open); err != nil || len(open) == 0 {
		return err
	}
	if !survey.Answered {
		survey, err = a.store.Surveys.Update(ctx, id, func(s *domain.Survey) error {
			if s.Answered || s.NotOpen() != nil {
				return docstore.ErrUnchanged
			}
			s.Answered = true
			return nil
		})
		if err != nil {
			return err
		}
		if err := survey.NotOpen(); err != nil {
			return refuseAll(open, err)
		}
	}
	return a.record(ctx, id, open)
}

func unsettled(all []*submission) []*submission {
	return slices.DeleteFunc(slices.Clone(all), (*submission).settled)
}

func refuseAll(open []*submission, err error) error {
	for _, s := range open {
		s.err = err
	}
	return nil
}

// recognise settles the submissions whose ids are taken and returns the others.
func (a *App) recognise(ctx context.Context, survey string, open []*submission) ([]*submission, error) {
	ids := make([]string, len(open))
	for i, s := range open {
		ids[i] = s.given.ID
	}
	found, err := a.store.Responses.GetMany(ctx, survey, ids)
	if err != nil {
		return nil, err
	}
	for i, stored := range found {
		if stored != nil {
			open[i].stored, open[i].err = stored, open[i].given.Repeats(stored)
		}
	}
	return unsettled(open), nil
}

// ofKnown settles the submissions of customers whom profile does not know and
// returns the others.
func (a *App) ofKnown(ctx context.Context, open []*submission) ([]*submission, error) {
	ids := make([]string, len(open))
	for i, s := range open {
		ids[i] = s.given.Customer
	}
	slices.Sort(ids)
	known, err := a.profile.Known(ctx, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	for _, s := range open {
		if !known[s.given.Customer] {
			s.err = s.given.CustomerUnknown()
		}
	}
	return unsettled(open), nil
}

// record stores the submissions. One whose id somebody else took meanwhile is
// held against what that one stored.
func (a *App) record(ctx context.Context, survey string, open []*submission) error {
	now := a.now()
	responses := make([]*domain.Response, len(open))
	for i, s := range open {
		r := *s.given
		if r.CreatedAt = now; r.Time.IsZero() {
			r.Time = now
		}
		responses[i] = &r
	}
	errs, err := a.store.Responses.Insert(ctx, responses)
	if err != nil {
		return err
	}
	for i, s := range open {
		switch {
		case errs[i] == nil:
			s.stored = responses[i]
		case errors.Is(errs[i], docstore.ErrConflict):
		case fault.KindOf(errs[i]) == fault.Internal:
			return errs[i]
		default:
			s.err = errs[i]
		}
	}
	lost, err := a.recognise(ctx, survey, unsettled(open))
	if err == nil && len(lost) > 0 {
		err = fmt.Errorf("response %s was taken, and is gone", lost[0].given.ID)
	}
	return err
}

// idOfRequest is a ULID whose bits come from the caller's key, so that a
// repeated call means the same response.
func idOfRequest(method, key string) string {
	hash := sha256.Sum256([]byte(method + "\x00" + key))
	var id ulid.ULID
	copy(id[:], hash[:])
	return id.String()
}
