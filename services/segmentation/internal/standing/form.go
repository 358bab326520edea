package standing

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// A form is what the worker knows of one segment.
type form struct {
	docstore.Meta `bson:",inline"`
	Segment       string `bson:"segment"`
	Born          int64  `bson:"born"`
	// Revision is the one of which everybody has been asked; 0 where none has, or
	// where some have been asked another.
	Revision int64 `bson:"revision"`
	// Generation is of the pass that was the last to change what follows.
	Generation int64 `bson:"generation"`
	Members    int64 `bson:"members"` // in the roster, as of Generation
	Failing    int64 `bson:"failing"` // of whom it cannot be told
	// Example is one of them, by escaped id, and Failure why; both may be missing.
	Example string   `bson:"example,omitempty"`
	Failure *failure `bson:"failure,omitempty"`
	// Mixed tells that some have been asked another revision than others, by a pass that
	// broke off: what was shown before stays until everybody has been asked.
	Mixed bool `bson:"mixed,omitempty"`
	// Held tells that there are moves that are not published.
	Held bool `bson:"held,omitempty"`
	// Shown is the generation that was published last, Earlier those before that can
	// still be paged through: one for each hour, the oldest that was shown in it.
	Shown   int64     `bson:"shown"`
	Earlier []earlier `bson:"earlier,omitempty"`
	// Since is the instant of what was published first; zero where nothing was.
	Since time.Time `bson:"since,omitempty"`
}

type earlier struct {
	Generation int64     `bson:"generation"`
	Until      time.Time `bson:"until"` // when it was superseded
}

type failure struct {
	Code    int32  `bson:"code"`
	Reason  string `bson:"reason"`
	Message string `bson:"message"`
	Field   string `bson:"field,omitempty"`
}

// supersede notes that another generation is shown now, which evaluated an instant.
func (f *form) supersede(generation int64, at, now time.Time, keep time.Duration) {
	if f.Since.IsZero() {
		f.Since = at
	}
	kept := f.Earlier[:0:0]
	for _, e := range f.Earlier {
		if e.Until.After(now.Add(-keep - time.Hour)) {
			kept = append(kept, e)
		}
	}
	hour := now.Truncate(time.Hour)
	if f.Shown != 0 && (len(kept) == 0 || kept[len(kept)-1].Until.Before(hour)) {
		kept = append(kept, earlier{f.Shown, now})
	}
	f.Shown, f.Earlier = generation, kept
}

// floor is the oldest generation that can be read at a time.
func (f *form) floor(now time.Time, keep time.Duration) int64 {
	for _, e := range f.Earlier {
		if e.Until.After(now.Add(-keep - time.Hour)) {
			return e.Generation
		}
	}
	return f.Shown
}

// shown is the failure as callers see it, nil where there is none.
func (f *form) shownFailure() *domain.Failure {
	if f.Failing == 0 {
		return nil
	}
	shown := domain.Failure{
		Code: codeFailedPrecondition, Reason: "RULE_EVALUATION_FAILED", Message: "it cannot be told of some customers", Customers: f.Failing,
	}
	if f.Failure != nil {
		shown.Code, shown.Reason, shown.Message, shown.Field = f.Failure.Code, f.Failure.Reason, f.Failure.Message, f.Failure.Field
	}
	if f.Example != "" {
		shown.Message += naming(f.Example)
	}
	return &shown
}

// naming is what the message of a failure ends with that names a customer.
func naming(customer string) string {
	return " (of customer \"" + docstore.ParseID(customer)[0] + "\")"
}

type forms struct {
	docs *docstore.Collection[form]
}

func openForms(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*forms, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[form]{Name: "forms"}, docstore.WithClock(clock))
	return &forms{docs}, err
}

func formID(segment string, born int64) string { return segment + "!" + digits(born) }

// all are the forms by birth. They are as many as segments.
func (s *forms) all(ctx context.Context) (map[int64]*form, error) {
	all := make(map[int64]*form)
	for f, err := range s.docs.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		all[f.Born] = f
	}
	return all, nil
}

// get returns what is known of a segment; where nothing is it is empty.
func (s *forms) get(ctx context.Context, segment string, born int64) (*form, error) {
	f, err := s.docs.Get(ctx, formID(segment, born))
	if errors.Is(err, docstore.ErrNotFound) {
		return &form{Segment: segment, Born: born}, nil
	}
	return f, err
}

// note makes the form of a segment, so that what is left of it can be found.
func (s *forms) note(ctx context.Context, segment string, born int64) error {
	_, err := s.docs.Upsert(ctx, formID(segment, born), func(f *form, exists bool) error {
		if exists {
			return docstore.ErrUnchanged
		}
		f.Segment, f.Born = segment, born
		return nil
	})
	return err
}

func storedFailure(f *domain.Failure) *failure {
	return &failure{Code: f.Code, Reason: f.Reason, Message: f.Message, Field: f.Field}
}
