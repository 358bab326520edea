package app

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// NPSQuestion is what to compute.
type NPSQuestion struct {
	Survey    string
	BySegment bool
	Method    stat.Method
	Level     float64
}

// tallyBatch is how many customers' memberships are asked for at a time.
const tallyBatch = 1000

// ComputeNPS counts every customer's last answer in one pass over the survey's
// responses, in memory that grows with the number of segments and of merged
// customers. By segment it
// needs segmentation: PEER_UNAVAILABLE while that cannot be reached.
func (a *App) ComputeNPS(ctx context.Context, q NPSQuestion) (domain.Report, error) {
	report := domain.Report{Method: q.Method, Level: q.Level, AsOf: a.now()}
	if _, err := a.store.Surveys.Get(ctx, q.Survey); err != nil {
		return report, err
	}
	var segments []string
	if q.BySegment {
		var err error
		if segments, err = a.segmentation.Published(ctx); err != nil {
			return report, err
		}
	}
	tally := newTally(a, segments)
	for answer, err := range a.latest(ctx, q.Survey, report.AsOf) {
		if err == nil {
			err = tally.add(ctx, answer)
		}
		if err != nil {
			return report, err
		}
	}
	if err := tally.flush(ctx); err != nil {
		return report, err
	}
	var err error
	if report.Overall, err = domain.NewEstimate("all", tally.overall, q.Level, q.Method); err != nil {
		return report, err
	}
	for _, id := range segments {
		estimate, err := domain.NewEstimate(id, *tally.segments[id], q.Level, q.Method)
		if err != nil {
			return report, err
		}
		report.Segments = append(report.Segments, estimate)
	}
	return report, nil
}

// latest yields the last answer of each customer. The answers of records that
// were merged are those of one customer: they are held until all are seen.
func (a *App) latest(ctx context.Context, survey string, asOf time.Time) iter.Seq2[domain.Answer, error] {
	return func(yield func(domain.Answer, error) bool) {
		root := a.profile.Merged(ctx)
		held := make(map[string]*domain.Answer) // by customer, nil until one has answered
		for _, customer := range root {
			held[customer] = nil
		}
		for answer, err := range a.store.Responses.Latest(ctx, survey, asOf) {
			if customer, merged := root[answer.Customer]; merged {
				answer.Customer = customer
			}
			last, several := held[answer.Customer]
			if err == nil && several {
				if last == nil || answer.Behind(*last) {
					held[answer.Customer] = &answer
				}
				continue
			}
			if !yield(answer, err) || err != nil {
				return
			}
		}
		for _, answer := range held {
			if answer != nil && !yield(*answer, nil) {
				return
			}
		}
	}
}

// tally counts answers over all and by segment.
type tally struct {
	app      *App
	overall  stat.NPSCounts
	segments map[string]*stat.NPSCounts
	waiting  []domain.Answer // counted over all, not yet by segment
}

func newTally(a *App, segments []string) *tally {
	t := &tally{app: a, segments: make(map[string]*stat.NPSCounts, len(segments))}
	for _, id := range segments {
		t.segments[id] = &stat.NPSCounts{}
	}
	return t
}

func (t *tally) add(ctx context.Context, answer domain.Answer) error {
	if err := t.overall.Add(answer.Score); err != nil {
		return err
	}
	if len(t.segments) == 0 {
		return nil
	}
	if t.waiting = append(t.waiting, answer); len(t.waiting) < tallyBatch {
		return nil
	}
	return t.flush(ctx)
}

// flush counts the waiting answers by segment. A segment published since the list
// was made is left out.
func (t *tally) flush(ctx context.Context) error {
	if len(t.waiting) == 0 {
		return nil
	}
	customers := make([]string, len(t.waiting))
	for i, answer := range t.waiting {
		customers[i] = answer.Customer
	}
	memberships, err := t.app.segmentation.Memberships(ctx, customers)
	if err != nil {
		return err
	}
	for i, segments := range memberships {
		for _, id := range segments {
			if counts, listed := t.segments[id]; listed {
				if err := counts.Add(t.waiting[i].Score); err != nil {
					return err
				}
			}
		}
	}
	t.waiting = t.waiting[:0]
	return nil
}
