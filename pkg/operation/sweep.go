package operation

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

const (
	sweepEvery = time.Hour
	sweepBatch = 500
)

func (m *Manager) sweepRegularly(ctx context.Context) {
	for {
		if err := m.sweep(ctx); err != nil && ctx.Err() == nil {
			m.cfg.Logger.WarnContext(ctx, "expired operations were not removed", "service", m.cfg.Service, "error", err)
		}
		select {
		case <-m.cfg.Clock.After(sweepEvery):
		case <-m.closing:
			return
		case <-ctx.Done():
			return
		}
	}
}

// sweep removes the operations whose retention is over.
func (m *Manager) sweep(ctx context.Context) error {
	expired := docstore.Range{
		Index: byExpiry,
		To:    docstore.Key(docstore.Time(m.now())),
		Limit: sweepBatch,
	}
	for more := true; more; {
		batch, next, err := m.records.Page(ctx, expired)
		if err != nil {
			return err
		}
		for _, r := range batch {
			err := m.records.Delete(ctx, r.ID, r.Version)
			if err != nil && !errors.Is(err, docstore.ErrConflict) && !errors.Is(err, docstore.ErrNotFound) {
				return err
			}
			m.changes.notify(r.ID)
		}
		expired.After, more = next, next != nil
	}
	_, err := m.records.Sweep(ctx, m.now().Add(-docstore.TombstoneLife))
	return err
}
