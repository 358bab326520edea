package app

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
)

// Answers are the records that the service keeps of a person.
var Answers = personaldata.Section{ID: "survey_responses", Title: "Answers to surveys", TitleZh: "问卷回答"}

// Erase removes all answers of some customers, whom profile does not know any
// more, and destroys their keys. It returns how many answers went since the first
// call for the erasure that the pseudonym names.
//
// ERASURE_HELD_UP while an answer may be on its way whose customer profile knew
// before: since the first call that takes no longer than the patience and a write
// do, however far the clocks of two processes are apart.
func (a *App) Erase(ctx context.Context, customers []string, pseudonym string) (int64, error) {
	begun, err := a.store.Erasures.Begin(ctx, pseudonym, erasure.Unmarked)
	if err != nil {
		return 0, err
	}
	left := begun.At.Add(a.patience + docstore.ChangesLag).Sub(a.now()) // before it is looked what there is
	found, err := a.store.Responses.IDsOf(ctx, customers)
	if err != nil {
		return 0, err
	}
	err = a.store.Erasures.Remove(ctx, pseudonym, Answers.ID, len(found), func(ctx context.Context) error {
		return a.store.Responses.Erase(ctx, found)
	})
	if err != nil {
		return 0, err
	}
	if err := a.store.Responses.DestroyKeys(ctx, customers); err != nil {
		return 0, err
	}
	a.profile.Forget(customers)
	if left > 0 {
		return 0, erasure.HeldUp("an answer may be under way that was accepted before; call again in %s", left.Round(time.Second))
	}
	if err := a.store.Scrub(ctx); err != nil {
		return 0, err
	}
	removed, err := a.store.Erasures.Removed(ctx, pseudonym)
	return removed[Answers.ID], err
}
