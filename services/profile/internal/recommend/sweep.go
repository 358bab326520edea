package recommend

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

const (
	// pageLife is how long pages begun with a superseded model can be read on.
	pageLife = 24 * time.Hour
	// purgeGrace is how much longer its rows stay, so that no page under way loses them.
	purgeGrace = 10 * time.Minute
)

// supersede marks all published models but the last.
func (t *tables) supersede(ctx context.Context, now time.Time) error {
	first := true
	for m, err := range t.models.Scan(ctx, docstore.Range{Index: byPublication, Reverse: true}) {
		if err != nil {
			return err
		}
		if first {
			first = false
			continue
		}
		_, err := t.models.Update(ctx, m.ID, func(m *model) error {
			if m.State != Published {
				return docstore.ErrUnchanged
			}
			m.State, m.SupersededAt = Superseded, now
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes the rows of models that nobody can read any more, and gives up
// those whose training has ended without publishing them.
func (r *Room) Sweep(ctx context.Context) error {
	now := r.deps.Clock()
	failures := []error{r.tables.supersede(ctx, now)}
	for m, err := range r.tables.models.Scan(ctx, docstore.Range{Index: byRows}) {
		if err != nil {
			return errors.Join(append(failures, err)...)
		}
		failures = append(failures, r.sweepOne(ctx, m, now))
	}
	return errors.Join(failures...)
}

func (r *Room) sweepOne(ctx context.Context, m *model, now time.Time) error {
	id := docstore.ParseID(m.ID)[0]
	switch m.State {
	case Published:
		return nil
	case Superseded:
		if now.Before(m.SupersededAt.Add(pageLife + purgeGrace)) {
			return nil
		}
	case Training:
		over, err := r.over(ctx, id)
		if err != nil || !over {
			return err
		}
	}
	if err := r.tables.purge(ctx, id); err != nil {
		return err
	}
	_, err := r.tables.models.Update(ctx, m.ID, func(m *model) error {
		if m.State == Published {
			return docstore.ErrUnchanged
		}
		if m.State == Training {
			m.State = Failed
		}
		m.Purged = true
		return nil
	})
	return err
}

// over tells whether the operation of a training has ended.
func (r *Room) over(ctx context.Context, id string) (bool, error) {
	o, err := r.deps.Operations.Get(ctx, operationName(id))
	if fault.KindOf(err) != fault.NotFound {
		return o.GetDone(), err
	}
	return true, nil
}

func operationName(id string) string { return "operations/profile/" + id }
