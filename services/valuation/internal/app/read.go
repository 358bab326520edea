package app

import (
	"context"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// A chunk of the spool ends at so many accounts, or bytes of them, or numbers in
// their statistics. Its valuations are one batch of writes.
const (
	chunkAccounts = 1000
	chunkBytes    = 1 << 20
	chunkNumbers  = 1 << 16
)

// checkpointChunks is how many chunks lie between two checkpoints.
const checkpointChunks = 10

// read completes the spool. It goes on behind the last account that is there,
// which another run may have added after the last checkpoint. Its last chunk may
// be empty; it keeps a run that meets other orders from adding to what is being
// scored.
func (r *run) read(ctx context.Context) error {
	if r.state.Read {
		return nil
	}
	next, last, err := r.resume(ctx)
	if err != nil || r.state.Read {
		return err
	}
	bookkeeper := domain.NewBookkeeper(r.asOf)
	var account domain.Account
	for history, err := range r.histories.After(ctx, last, r.asOf.Time(), r.policy.Reporting) {
		if err != nil {
			return err
		}
		next.Excluded += history.Excluded
		if history.Customer == "" { // those behind the last one
			continue
		}
		counts, err := bookkeeper.Account(history, &account)
		if err != nil {
			return err
		}
		if !counts {
			continue
		}
		next.Accounts = store.AppendAccount(next.Accounts, &account)
		next.Upto = account.Customer
		next.Count++
		if next.Count == r.chunk || len(next.Accounts) >= chunkBytes || bookkeeper.Counted.Size() >= chunkNumbers {
			if err := r.spool(ctx, &next, bookkeeper.Counted); err != nil {
				return err
			}
		}
	}
	next.Last = true
	if err := r.spool(ctx, &next, bookkeeper.Counted); err != nil {
		return err
	}
	r.state.Read = true
	return r.checkpoint(ctx)
}

// resume returns the chunk to fill next, and the customer behind whom to go on.
func (r *run) resume(ctx context.Context) (next store.Chunk, last string, err error) {
	chunk, found, err := r.store.Spool.Last(ctx, r.state.Generation)
	if err != nil || !found {
		return store.Chunk{Layout: store.Dated}, "", err
	}
	for account, err := range chunk.Each() {
		if err != nil {
			return store.Chunk{}, "", err
		}
		last = account.Customer
	}
	r.state.Chunks, r.state.Read = chunk.Number+1, chunk.Last
	next = store.Chunk{Number: r.state.Chunks, Start: chunk.Start + int64(chunk.Count), Layout: store.Dated}
	r.journal.Progress(next.Start, 0, reading)
	return next, last, r.checkpoint(ctx)
}

// spool stores a chunk with what was counted of its customers, and begins the next.
func (r *run) spool(ctx context.Context, chunk *store.Chunk, counted *domain.Statistics) error {
	chunk.Statistics = store.AppendStatistics(nil, counted)
	counted.Reset()
	if err := r.store.Spool.Append(ctx, r.state.Generation, *chunk); err != nil {
		return err
	}
	*chunk = store.Chunk{
		Number: chunk.Number + 1, Start: chunk.Start + int64(chunk.Count), Layout: store.Dated,
		Accounts: make([]byte, 0, len(chunk.Accounts)+len(chunk.Accounts)/4),
	}
	r.state.Chunks = chunk.Number
	r.journal.Progress(chunk.Start, 0, reading)
	if chunk.Number%checkpointChunks == 0 {
		return r.checkpoint(ctx)
	}
	return nil
}
