package standing

import (
	"context"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// unname takes the customers out of what segments say of their failure.
func (e *eraser) unname(ctx context.Context) error {
	for _, f := range e.forms {
		if !slices.Contains(e.keys, f.Example) || f.Example == "" {
			continue
		}
		if _, err := e.Standings.forms.docs.Update(ctx, f.ID, func(f *form) error { f.Example = ""; return nil }); err != nil {
			return err
		}
	}
	for s, err := range e.segments.All(ctx) {
		if err != nil {
			return err
		}
		if _, is := e.named(&s); !is {
			continue
		}
		_, err := e.segments.Change(ctx, s.ID, func(s *domain.Segment) error {
			message, is := e.named(s)
			if !is {
				return docstore.ErrUnchanged
			}
			s.Failure.Message = message
			return nil
		})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}

// named is a segment's failure without the customer that it names, if it is one of these.
func (e *eraser) named(s *domain.Segment) (message string, is bool) {
	for _, key := range e.keys {
		if s.Failure != nil {
			if message, is = strings.CutSuffix(s.Failure.Message, naming(key)); is {
				return message, true
			}
		}
	}
	return "", false
}
