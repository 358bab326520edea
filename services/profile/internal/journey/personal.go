package journey

import (
	"context"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// SettingsOf yields what persons said of the stage of a customer's own record.
func (s *Store) SettingsOf(ctx context.Context, customer string) iter.Seq2[*profilev1.StageTransition, error] {
	return func(yield func(*profilev1.StageTransition, error) bool) {
		for doc, err := range s.settings.Scan(ctx, docstore.Within(docstore.ID(customer))) {
			var p *profilev1.StageTransition
			if err == nil {
				var set Setting
				set, err = s.setting(ctx, doc)
				p = transitionProto(customer, &Transition{TimeMS: set.TimeMS, To: set.Stage, Setting: &set})
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Erase removes what was said of a customer, without a trace.
func (s *Store) Erase(ctx context.Context, customer string) error {
	return s.settings.Purge(ctx, docstore.Within(docstore.ID(customer)))
}
