package app

import (
	"context"
	"math"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Estimate is how large a segment would be.
type Estimate struct {
	Size, Low, High int64
	Share           float64
	Level           float64
	Method          stat.Method
	Sample          int64
	Population      int64
	Exact           bool
	Failing         int64  // in the sample, for whom it cannot be told
	Failure         string // of one of them
	At              time.Time
	Criterion       criterion.Criterion
}

const (
	defaultSample = 5000
	defaultLevel  = 0.95
)

// Estimate tells how large a segment is or would be by its definition, from a sample of
// about so many customers (0: 5,000) and with an interval of a level (0: 0.95). It need
// not exist. Segments that it asks about are asked by their definitions. Nothing is
// stored. Faults: those of the definition, of checkAsks, of Readable, and
// SEGMENT_NOT_FOUND.
func (a *App) Estimate(ctx context.Context, s domain.Segment, size int, level float64) (Estimate, error) {
	if size == 0 {
		size = defaultSample
	}
	if level == 0 {
		level = defaultLevel
	}
	made, err := a.criteria.Of(ctx, s.ListKey(), s.Definition)
	if err != nil {
		return Estimate{}, err
	}
	if err := a.checkAsks(ctx, s.ID, made.Segments()); err != nil {
		return Estimate{}, err
	}
	nested, err := a.nestOf(ctx, made)
	if err != nil {
		return Estimate{}, err
	}
	sample, population, exact, err := a.facts.Sample(ctx, size, nested.need|facts.PartsOf(made.Reads()))
	if err != nil {
		return Estimate{}, err
	}
	e := Estimate{Level: level, Sample: int64(len(sample)), Population: population, Exact: exact, At: a.now(), Criterion: made}
	belong := int64(0)
	for i, f := range sample {
		if i%1000 == 0 && ctx.Err() != nil {
			return e, ctx.Err()
		}
		verdict, err := made.Evaluate(nested.at(f, e.At))
		switch {
		case err != nil:
			e.Failing++
			if e.Failure == "" {
				e.Failure = messageOf(err)
			}
		case verdict.Belongs:
			belong++
		}
	}
	return e, e.conclude(belong)
}

// conclude makes figures of how many of the sample belong.
func (e *Estimate) conclude(belong int64) error {
	if e.Sample == 0 { // there is nobody
		e.Method, e.Exact = stat.MethodExact, true
		return nil
	}
	if e.Exact {
		e.Population = e.Sample
	}
	interval, err := stat.WilsonFinite(belong, e.Sample, max(e.Population, e.Sample), e.Level)
	if err != nil {
		return err
	}
	of := func(share float64) int64 { return int64(math.Round(share * float64(e.Population))) }
	e.Size, e.Low, e.High = of(interval.Value), of(interval.Low), of(interval.High)
	e.Share, e.Method = interval.Value, interval.Method
	return nil
}

func messageOf(err error) string {
	if f, is := fault.As(err); is {
		return f.Message
	}
	return err.Error()
}

// nest answers questions about other segments by their definitions.
type nest struct {
	a    *App
	made map[string]criterion.Criterion // by segment
	need facts.Part                     // of the facts: what they read
}

// nestOf makes ready what a criterion asks about; the faults of Readable where it, or
// one of them, reads what cannot be told of anybody yet.
func (a *App) nestOf(ctx context.Context, c criterion.Criterion) (*nest, error) {
	n := &nest{a: a, made: map[string]criterion.Criterion{}}
	return n, n.add(ctx, c)
}

// add makes ready what a criterion asks about, and what those ask about.
func (n *nest) add(ctx context.Context, c criterion.Criterion) error {
	if err := n.a.readable(ctx, c); err != nil {
		return err
	}
	for _, asked := range c.Segments() {
		if n.made[asked] != nil {
			continue
		}
		s, err := n.a.store.Segments.Get(ctx, asked)
		if err != nil {
			return err
		}
		if n.made[asked], err = n.a.criteria.Of(ctx, s.ListKey(), s.Definition); err != nil {
			return err
		}
		n.need |= facts.PartsOf(n.made[asked].Reads())
		if err := n.add(ctx, n.made[asked]); err != nil {
			return err
		}
	}
	return nil
}

// told is what was answered about a customer and a segment.
type told struct {
	belongs bool
	err     error
}

// at is a customer's case. Each segment is asked once, by however many others it is
// asked about: by each of them the cost would double with every level.
func (n *nest) at(f *facts.Facts, at time.Time) *criterion.Case {
	c := &criterion.Case{Facts: f, At: at}
	var known map[string]told
	c.In = func(segment string) (bool, error) {
		if answer, is := known[segment]; is {
			return answer.belongs, answer.err
		}
		asked := n.made[segment]
		if asked == nil {
			return false, fault.New(fault.FailedPrecondition, "SEGMENT_UNKNOWN", "segment %q is asked about and is not known", segment)
		}
		verdict, err := asked.Evaluate(c)
		if known == nil {
			known = make(map[string]told)
		}
		known[segment] = told{verdict.Belongs, err}
		return verdict.Belongs, err
	}
	return c
}
