package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Edition is a generation that has been published.
type Edition struct {
	Generation  int64     `bson:"generation"`
	AsOf        time.Time `bson:"as_of"`
	Customers   int64     `bson:"customers"` // those erased since do not count
	PublishedAt time.Time `bson:"published_at"`
	// SupersededAt is since when another one is current; zero for that one.
	SupersededAt time.Time `bson:"superseded_at,omitempty"`
	Erased       int64     `bson:"erased,omitempty"` // customers erased since
	// Hidden are those of them whose valuations are being removed. They are in no
	// list, whether their valuations are still there or not.
	Hidden []string `bson:"hidden,omitempty"`
	// Models are those with which it predicted, by their ids.
	Models []string `bson:"models,omitempty"`
}

// Publication keeps the one document that says which generation is read.
type Publication struct {
	docs *docstore.Collection[publication]
	now  func() time.Time
}

// publication is that document. Whoever reads a valuation reads it first, so the
// summary is left undecoded until it is asked for.
type publication struct {
	docstore.Meta `bson:",inline"`
	Last          int64     `bson:"last"` // generation given out last
	Current       *Edition  `bson:"current,omitempty"`
	Previous      []Edition `bson:"previous,omitempty"` // still kept, in the order of their generations
	Open          []opening `bson:"open,omitempty"`     // of refreshes that may not be over
	Summary       bson.Raw  `bson:"summary,omitempty"`  // of Current, a summaryDoc
}

// opening is a generation given to a refresh.
type opening struct {
	Generation int64  `bson:"generation"`
	Operation  string `bson:"operation"`
}

const currentID = "current"

func openPublication(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Publication, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[publication]{Name: "publication"}, docstore.WithClock(clock))
	return &Publication{docs, clock}, err
}

// Begin gives a refresh its generation: the same however often it asks. Later
// refreshes get larger ones.
func (s *Publication) Begin(ctx context.Context, operation string) (int64, error) {
	var generation int64
	_, err := s.docs.Upsert(ctx, currentID, func(p *publication, _ bool) error {
		if i := p.opening(operation); i >= 0 {
			generation = p.Open[i].Generation
			return docstore.ErrUnchanged
		}
		p.Last++
		generation = p.Last
		p.Open = append(p.Open, opening{generation, operation})
		return nil
	})
	return generation, err
}

func (p *publication) opening(operation string) int {
	return slices.IndexFunc(p.Open, func(o opening) bool { return o.Operation == operation })
}

// Publish makes the summary's generation the one that is read, together with its
// summary, and returns the summary as published. Published again, it stays as it
// was. Where a refresh begun later is being read already, that one stays, and
// this joins the previous ones with a warning.
//
// The fault is Aborted, REFRESH_OVERTAKEN, where the generation was not given to
// the operation or has been taken back.
func (s *Publication) Publish(ctx context.Context, operation string, summary domain.Summary) (domain.Summary, error) {
	var published domain.Summary
	_, err := s.docs.Update(ctx, currentID, func(p *publication) error {
		i := p.opening(operation)
		if i < 0 || p.Open[i].Generation != summary.Generation {
			return fault.New(fault.Aborted, "REFRESH_OVERTAKEN", "the refresh is over, its generation %d removed", summary.Generation)
		}
		edition, found := p.edition(summary.Generation)
		if !found {
			edition = Edition{
				Generation: summary.Generation, AsOf: summary.AsOf, Customers: summary.Customers,
				PublishedAt: s.now().UTC().Truncate(time.Millisecond),
			}
			if summary.Predictions != nil {
				edition.Models = summary.Predictions.Models
			}
		}
		late := p.Current != nil && p.Current.Generation > summary.Generation
		if late && !found {
			edition.SupersededAt = edition.PublishedAt
		}
		published = summary
		published.PublishedAt = edition.PublishedAt
		if late && edition.SupersededAt.Equal(edition.PublishedAt) {
			published.Warnings = append(slices.Clone(summary.Warnings), domain.Superseded(p.Current.Generation))
		}
		switch {
		case found:
			return docstore.ErrUnchanged
		case late:
			p.retire(edition)
			return nil
		}
		return p.read(edition, published)
	})
	return published, err
}

// edition returns the edition of a generation, and whether there is one.
func (p *publication) edition(generation int64) (Edition, bool) {
	if p.Current != nil && p.Current.Generation == generation {
		return *p.Current, true
	}
	for _, e := range p.Previous {
		if e.Generation == generation {
			return e, true
		}
	}
	return Edition{}, false
}

// read makes an edition the current one.
func (p *publication) read(e Edition, summary domain.Summary) (err error) {
	if p.Current != nil {
		p.Current.SupersededAt = e.PublishedAt
		p.retire(*p.Current)
	}
	p.Current = &e
	p.Summary, err = bson.Marshal(newSummaryDoc(&summary))
	return err
}

func (p *publication) retire(e Edition) {
	p.Previous = append(p.Previous, e)
	slices.SortFunc(p.Previous, func(a, b Edition) int { return cmp.Compare(a.Generation, b.Generation) })
}

// ErrNone says that no refresh has been published yet.
var ErrNone = errors.New("no refresh has been published yet")

// Current returns the edition that is read, or ErrNone.
func (s *Publication) Current(ctx context.Context) (Edition, error) {
	p, err := s.get(ctx)
	if err != nil {
		return Edition{}, err
	}
	return *p.Current, nil
}

// Edition returns the edition of a generation, and whether it is kept: it is
// current or was so after a time.
func (s *Publication) Edition(ctx context.Context, generation int64, since time.Time) (Edition, bool, error) {
	p, err := s.get(ctx)
	if errors.Is(err, ErrNone) {
		return Edition{}, false, nil
	}
	if err != nil {
		return Edition{}, false, err
	}
	e, found := p.edition(generation)
	return e, found && (e.SupersededAt.IsZero() || e.SupersededAt.After(since)), nil
}

// Before returns the last edition still kept that was begun before a generation;
// it is zero where there is none.
func (s *Publication) Before(ctx context.Context, generation int64) (Edition, error) {
	p, err := s.get(ctx)
	if err != nil {
		return Edition{}, err
	}
	var before Edition
	for _, e := range p.Previous {
		if e.Generation < generation {
			before = e
		}
	}
	return before, nil
}

// Summary returns the summary of the edition that is read, or ErrNone.
func (s *Publication) Summary(ctx context.Context) (domain.Summary, error) {
	p, err := s.get(ctx)
	if err != nil {
		return domain.Summary{}, err
	}
	summary, err := readSummary(p.Summary)
	summary.Erased = p.Current.Erased
	return summary, err
}

func (s *Publication) get(ctx context.Context) (*publication, error) {
	p, err := s.docs.Get(ctx, currentID)
	if errors.Is(err, docstore.ErrNotFound) || err == nil && p.Current == nil {
		return nil, ErrNone
	}
	return p, err
}
