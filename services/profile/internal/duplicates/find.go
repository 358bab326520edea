package duplicates

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// findKind is the kind of operation, as it is stored.
const findKind = "find-duplicates"

// The stages of a search, as its progress names them.
const (
	indexing  = "indexing"
	comparing = "comparing"
	settling  = "settling"
)

const (
	indexBatch      = 1000   // customers entered into blocks together
	checkpointEvery = 10_000 // customers, or places in blocks
)

// search is the state of an operation.
type search struct {
	Stage      string    `bson:"stage"`
	Generation string    `bson:"generation"`
	AsOf       time.Time `bson:"as_of"`
	// After is the last customer entered, then the last block compared.
	After       string             `bson:"after"`
	Customers   int64              `bson:"customers"`
	Places      int64              `bson:"places"` // walked over
	Blocks      int64              `bson:"blocks"`
	Comparisons int64              `bson:"comparisons"`
	Skipped     map[string]skipped `bson:"skipped"` // by kind of key
}

// skipped is the blocks of one kind that were too large.
type skipped struct {
	Blocks    int64 `bson:"blocks"`
	Customers int64 `bson:"customers"`
	Largest   int64 `bson:"largest"`
}

func (s skipped) with(size int64) skipped {
	return skipped{s.Blocks + 1, s.Customers + size, max(s.Largest, size)}
}

type findRun = operation.Run[*profilev1.FindDuplicateCandidatesRequest, search]

// FindDuplicateCandidates starts a search.
func (d *Duplicates) FindDuplicateCandidates(ctx context.Context, r *profilev1.FindDuplicateCandidatesRequest) (*longrunningpb.Operation, error) {
	if _, err := minScore(r.GetMinScore()); err != nil {
		return nil, err
	}
	return d.operations.Start(ctx, findKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// minScore reads the lowest score of a request.
func minScore(asked float64) (float64, error) {
	switch {
	case asked == 0:
		return DefaultMinScore, nil
	case !(asked >= 0.5 && asked <= 1):
		return 0, fault.Invalid("min_score", "must be 0.5 to 1, or 0 for the default of %v; is %v", DefaultMinScore, asked)
	}
	return asked, nil
}

// find is the operation.
func (d *Duplicates) find(ctx context.Context, run *findRun) (proto.Message, error) {
	least, err := minScore(run.Request.GetMinScore())
	if err != nil {
		return nil, err
	}
	s := run.State
	if s.Stage == "" {
		s = search{Stage: indexing, AsOf: d.instant(), Skipped: map[string]skipped{}}
		// Generations order by their time, so that older ones are a range.
		s.Generation = fmt.Sprintf("%016X-%s", s.AsOf.UnixMilli(), run.ID)
		if err := run.Checkpoint(ctx, s); err != nil {
			return nil, err
		}
	}
	if s.Stage == indexing {
		if err := d.index(ctx, run, &s); err != nil {
			return nil, err
		}
	}
	if s.Stage == comparing {
		if err := d.compare(ctx, run, &s, least); err != nil {
			return nil, err
		}
	}
	return d.settle(ctx, run, &s, least)
}

// index enters every customer into blocks.
func (d *Duplicates) index(ctx context.Context, run *findRun, s *search) error {
	span := store.Span{}
	if s.After != "" {
		span.From = s.After + `"` // directly behind it
	}
	var batch []entry
	flush := func() error {
		if err := d.blocks.add(ctx, s.Generation, batch); err != nil {
			return err
		}
		if len(batch) > 0 {
			s.After = batch[len(batch)-1].customer
		}
		before := s.Customers
		s.Customers += int64(len(batch))
		batch = batch[:0]
		run.Progress(s.Customers, 0, indexing)
		if before/checkpointEvery == s.Customers/checkpointEvery {
			return nil
		}
		return run.Checkpoint(ctx, *s)
	}
	for c, err := range d.customers.All(ctx, span) {
		if err != nil {
			return err
		}
		if batch = append(batch, entry{c.ID, prepared(&c)}); len(batch) == indexBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	s.Stage, s.After = comparing, ""
	return run.Checkpoint(ctx, *s)
}

// settle takes back what is no longer found, puts the blocks into use, and sums up.
func (d *Duplicates) settle(ctx context.Context, run *findRun, s *search, least float64) (proto.Message, error) {
	run.Progress(s.Customers, s.Customers, settling)
	answer := &profilev1.FindDuplicateCandidatesResponse{
		AsOf: timestamppb.New(s.AsOf), PopulationSize: s.Customers, MinScore: least,
		Comparisons: s.Comparisons, Blocks: s.Blocks, SkippedBlocks: skippedProtos(s.Skipped),
	}
	var gone []*candidate
	for c, err := range d.candidates.docs.Scan(ctx, within(open)) {
		if err != nil {
			return nil, err
		}
		switch {
		case c.Seen < s.Generation && c.ComparedAt.Before(s.AsOf): // not checked by itself meanwhile
			gone = append(gone, c)
			continue
		case c.Born == s.Generation:
			answer.NewCandidates++
		case c.Reopened == s.Generation:
			answer.ReopenedCandidates++
		}
		answer.OpenCandidates++
	}
	for _, c := range gone {
		if err := d.candidates.remove(ctx, c.ID, c.Version); err != nil {
			return nil, err
		}
	}
	answer.RemovedCandidates = int64(len(gone))
	n, err := d.candidates.docs.Count(ctx, within(dismissed))
	if err != nil {
		return nil, err
	}
	answer.DismissedCandidates = n
	if err := d.blocks.publish(ctx, edition{Generation: s.Generation, Customers: s.Customers, AsOf: s.AsOf}); err != nil {
		return nil, err
	}
	return answer, d.blocks.purge(ctx, docstore.ID(s.Generation))
}
