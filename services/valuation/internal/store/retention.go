package store

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Retentions keeps what each refresh has counted of how customers stay and come
// back: one document of some tens of kilobytes, which says nothing of anybody.
type Retentions struct {
	docs *docstore.Collection[retention]
}

type retention struct {
	docstore.Meta `bson:",inline"`
	Policy        policyDoc    `bson:"policy"`
	Day           int64        `bson:"day"` // the as-of date, from 1970-01-01
	AsOf          time.Time    `bson:"as_of"`
	Customers     int64        `bson:"customers"`
	Repeaters     int64        `bson:"repeaters"`
	Counts        []byte       `bson:"counts"` // gaps, and grid and revenue of each period; see AppendStatistics
	Warnings      []warningDoc `bson:"warnings"`
}

func openRetentions(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Retentions, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[retention]{Name: "retention"}, docstore.WithClock(clock))
	return &Retentions{docs}, err
}

// Write stores what a generation's refresh has counted. What is there already
// stays, for a refresh that is resumed counts the same again.
func (s *Retentions) Write(ctx context.Context, generation int64, r *domain.Retention) error {
	counts := appendGaps(nil, &r.Gaps)
	for p := range domain.Periods {
		counts = appendCells(appendGrid(counts, &r.Grids[p]), r.Revenue[p])
	}
	err := s.docs.Insert(ctx, &retention{
		Meta:   docstore.Meta{ID: generationKey(generation)},
		Policy: newPolicyDoc(r.Policy), Day: r.AsOf.Day, AsOf: r.AsOf.Time(), Customers: r.Customers, Repeaters: r.Repeaters,
		Counts:   counts,
		Warnings: each(r.Warnings, func(w domain.Warning) warningDoc { return warningDoc(w) }),
	})
	if errors.Is(err, docstore.ErrConflict) {
		return nil
	}
	return err
}

var errRetention = errors.New("stored document: what was counted of retention cannot be read")

// Get returns what a generation's refresh has counted, or docstore.ErrNotFound.
func (s *Retentions) Get(ctx context.Context, generation int64) (*domain.Retention, error) {
	doc, err := s.docs.Get(ctx, generationKey(generation))
	if err != nil {
		return nil, err
	}
	made := &domain.Retention{
		Policy: doc.Policy.domain(), AsOf: domain.AsOf{Day: doc.Day, EndMS: doc.AsOf.UnixMilli()},
		Customers: doc.Customers, Repeaters: doc.Repeaters, Gaps: domain.NewStatistics().Gaps,
		Warnings: each(doc.Warnings, func(w warningDoc) domain.Warning { return domain.Warning(w) }),
	}
	r := reader{rest: doc.Counts}
	r.gaps(&made.Gaps)
	for p := range domain.Periods {
		r.grid(&made.Grids[p])
		made.Revenue[p] = r.cells(nil, domain.Cells)
	}
	if r.failed || len(r.rest) > 0 {
		return nil, errRetention
	}
	return made, nil
}

// Purge removes what a generation has counted.
func (s *Retentions) Purge(ctx context.Context, generation int64) error {
	return s.docs.Purge(ctx, docstore.Only(generationKey(generation)))
}
