// Package analysis runs analyses of the customers: funnels, paths, retention,
// portraits, stages of the journey. An analysis is a record that holds what was
// asked and, after one pass over the customers, the answer; the customers behind
// its figures are lists of the same pass, so that a list has as many entries as
// the figure says.
package analysis

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/calendar"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
)

// computation is one kind of analysis on its way over the customers. It holds
// figures, and no customers.
type computation interface {
	needs() activity.Needs
	// add takes in a customer of the population, whose Steps and Orders are those
	// before the analysis's instant.
	add(ctx context.Context, s *facet.Subject, list lister) error
	// answer puts the result into the analysis.
	answer(a *profilev1.Analysis) error
}

// lister puts the customer at hand on a list. A customer can be on one list of an
// analysis only.
type lister func(list, value string, timeMS int64)

// job is an analysis made ready.
type job struct {
	frame      facet.Frame
	population *population
	compute    computation
	policy     *journey.Policy // where stages are asked for
}

func (j *job) needs() activity.Needs {
	n := j.compute.needs().Join(j.population.needs)
	if j.policy != nil {
		n = n.Join(j.policy.Needs())
	}
	return n
}

// prepare checks an analysis and makes it ready.
func (s *Server) prepare(ctx context.Context, a *profilev1.Analysis) (*job, error) {
	zone, err := calendar.Zone("analysis.time_zone", a.GetTimeZone())
	if err != nil {
		return nil, err
	}
	policy, err := s.journeys.Policy(ctx)
	if err != nil {
		return nil, err
	}
	j := &job{frame: facet.Frame{AsOf: a.GetAsOf().AsTime(), Zone: zone}}
	if j.frame.Attributes, err = s.consents.Types(ctx); err != nil {
		return nil, err
	}
	if j.frame.Sensitive, err = s.consents.Sensitive(ctx); err != nil {
		return nil, err
	}
	if j.population, err = newPopulation("analysis.population", a.GetPopulation(), j.frame); err != nil {
		return nil, err
	}
	stages := j.population.stages
	switch d := a.GetDefinition().(type) {
	case *profilev1.Analysis_Funnel:
		var c *funnelRun
		if c, err = newFunnel(d.Funnel, j.frame); err == nil {
			stages = stages || c.breakdown.facet != nil && c.breakdown.facet.Stage
		}
		j.compute = c
	case *profilev1.Analysis_Paths:
		j.compute, err = newPaths(d.Paths, j.frame)
	case *profilev1.Analysis_Retention:
		j.compute, err = newRetention(d.Retention, j.frame)
	case *profilev1.Analysis_Portrait:
		var c *portraitRun
		if c, err = newPortrait(d.Portrait, j.frame); err == nil {
			stages = stages || c.stages()
		}
		j.compute = c
	case *profilev1.Analysis_JourneyStages:
		j.compute, err = newStages(d.JourneyStages, policy)
		stages = true
	default:
		err = fault.Invalid("analysis.definition", "must be a funnel, paths, a retention, a portrait or journey stages")
	}
	if err == nil && stages {
		j.policy, err = journey.Compile("", policy)
	}
	return j, err
}

// defaultLevel is the confidence level of intervals where none is asked for.
const defaultLevel = 0.95

func levelOf(asked float64) float64 {
	if asked == 0 {
		return defaultLevel
	}
	return asked
}

// rate is a share with its interval; nil where it is a share of nobody.
func rate(part, whole int64, level float64) (*profilev1.Rate, error) {
	if whole == 0 {
		return nil, nil
	}
	e, err := stat.Wilson(part, whole, level)
	if err != nil {
		return nil, err
	}
	return &profilev1.Rate{Value: e.Value, Low: e.Low, High: e.High, Level: e.Level, Method: string(e.Method), N: e.N}, nil
}

// durations tells of a histogram of milliseconds; nil where it is empty.
func durations(h *stat.Histogram) *profilev1.Durations {
	if h.Count == 0 {
		return nil
	}
	d := &profilev1.Durations{N: h.Count, MeanMs: h.Mean()}
	for _, q := range h.Quantiles(10, 25, 50, 75, 90) {
		d.Quantiles = append(d.Quantiles, &profilev1.DurationQuantile{Percent: int32(q.Percent), Milliseconds: q.Value, RelativeError: q.RelativeError})
	}
	return d
}

func warning(reason, message string) *apiv1.Warning {
	return &apiv1.Warning{Reason: reason, Message: message}
}

// instantOr reads a timestamp of the request, or takes another where it is unset.
func instantOr(field string, t *timestamppb.Timestamp, other time.Time) (time.Time, error) {
	if t == nil {
		return other, nil
	}
	if t.CheckValid() != nil {
		return other, fault.Invalid(field, "must be an instant between the years 1 and 9999")
	}
	return t.AsTime(), nil
}

// lengthOr reads a duration of the request, or takes another where it is unset.
func lengthOr(field string, d *durationpb.Duration, other, most time.Duration) (time.Duration, error) {
	if d == nil {
		return other, nil
	}
	if d.CheckValid() != nil || d.AsDuration() <= 0 || d.AsDuration() > most {
		return other, fault.Invalid(field, "must be more than 0 s and at most %d s", int64(most.Seconds()))
	}
	return d.AsDuration(), nil
}
