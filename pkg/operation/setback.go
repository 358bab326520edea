package operation

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// recallRegularly looks, every lease, for operations that would be waited for because
// a clock was set back.
func (m *Manager) recallRegularly(ctx context.Context) {
	for {
		if err := m.recall(ctx); err != nil && ctx.Err() == nil {
			m.cfg.Logger.WarnContext(ctx, "operations due too late were not looked for", "service", m.cfg.Service, "error", err)
		}
		select {
		case <-m.cfg.Clock.After(m.cfg.Lease):
		case <-m.closing:
			return
		case <-ctx.Done():
			return
		}
	}
}

// recall makes due the operations that are due later than a lease or a pause lasts,
// twice for clocks that differ: by a clock that was set back since. Those that have an
// owner are due a lease from now: one that lives renews it before.
func (m *Manager) recall(ctx context.Context) error {
	m.mu.Lock()
	kinds := slices.Clone(m.kinds)
	m.mu.Unlock()
	for _, k := range kinds {
		now := m.now()
		late := docstore.Within(docstore.Key(docstore.String(k.name)))
		late.Index, late.Limit = byDue, sweepBatch
		late.From = dueKey(k.name, now.Add(2*max(m.cfg.Lease, maxPause)+time.Millisecond))
		for more := true; more; {
			batch, next, err := m.records.Page(ctx, late)
			if err != nil {
				return err
			}
			for _, r := range batch {
				r.DueAt = now
				if r.Owner != "" {
					r.DueAt = now.Add(m.cfg.Lease)
				}
				err := m.records.Replace(ctx, r)
				if err != nil && !errors.Is(err, docstore.ErrConflict) && !errors.Is(err, docstore.ErrNotFound) {
					return err
				}
			}
			late.After, more = next, next != nil
		}
	}
	return nil
}
