package app

import (
	"bytes"
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// writers is how many chunks are written at a time: one is encoded while another
// is on its way to the disk or the server.
const writers = 4

// write makes the valuations of all accounts in the spool, a window of chunks at
// a time, with a checkpoint after each.
func (r *run) write(ctx context.Context, scored *domain.Scoring, forecaster *forecast.Forecaster, customers int64) error {
	r.journal.Progress(0, customers, writing)
	var window []store.Chunk
	for chunk, err := range r.store.Spool.Chunks(ctx, r.state.Generation, r.state.Written) {
		if err != nil {
			return err
		}
		chunk.Accounts, chunk.Statistics = bytes.Clone(chunk.Accounts), nil
		if window = append(window, chunk); len(window) < checkpointChunks {
			continue
		}
		if err := r.writeWindow(ctx, window, scored, forecaster, customers); err != nil {
			return err
		}
		window = window[:0]
	}
	return r.writeWindow(ctx, window, scored, forecaster, customers)
}

func (r *run) writeWindow(ctx context.Context, window []store.Chunk, scored *domain.Scoring, forecaster *forecast.Forecaster, customers int64) error {
	if len(window) == 0 {
		return nil
	}
	group, writeCtx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	sums := make([]domain.PredictionSums, len(window))
	for i, chunk := range window {
		group.Go(func() (err error) {
			sums[i], err = r.writeChunk(writeCtx, chunk, scored, forecaster)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range sums { // in the order of the chunks, so that every run adds up the same
		if !r.state.Sums.Merge(sums[i]) {
			return domain.Overflow(window[i].Upto)
		}
	}
	last := window[len(window)-1]
	r.state.Written = last.Number + 1
	r.journal.Progress(last.Start+int64(last.Count), customers, writing)
	return r.checkpoint(ctx)
}

func (r *run) writeChunk(ctx context.Context, chunk store.Chunk, scored *domain.Scoring, forecaster *forecast.Forecaster) (sums domain.PredictionSums, _ error) {
	valuations := make([]domain.Valuation, 0, chunk.Count)
	for account, err := range chunk.Each() {
		if err != nil {
			return sums, err
		}
		var v domain.Valuation
		account.Value(scored.Policy.Currency, scored.At(int(chunk.Start)+len(valuations)), &v)
		if forecaster != nil {
			v.Prediction = forecaster.Predict(forecast.FactsOf(account, scored.Policy.Currency))
			if !sums.Add(&v.Prediction) {
				return sums, domain.Overflow(account.Customer)
			}
		}
		valuations = append(valuations, v)
	}
	return sums, r.store.Valuations.Write(ctx, r.state.Generation, valuations)
}
