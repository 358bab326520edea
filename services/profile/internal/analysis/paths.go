package analysis

import (
	"context"
	"math"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
	"github.com/kehuhq/kehu/services/profile/internal/paths"
)

const (
	defaultDepth = 5
	defaultGap   = 30 * time.Minute
	longestGap   = 24 * time.Hour
	mostPaths    = 50
	// pathCounters bounds the memory: a path of 20 names takes some hundred bytes.
	pathCounters = 20_000
)

// pathsRun is an analysis of paths on its way over the customers.
type pathsRun struct {
	asked  *profilev1.Paths
	anchor *activity.Selector // nil is none
	events *activity.Selector
	label  *activity.Field
	fromMS int64
	read   activity.Needs
	tally  *paths.Tally
	visits []paths.Visit
	gapMS  int64
}

func newPaths(p *profilev1.Paths, frame facet.Frame) (*pathsRun, error) {
	const at = "analysis.paths"
	run := &pathsRun{asked: p}
	var err error
	if run.events, err = activity.NewSelector(at+".events", p.GetEvents(), frame.Zone); err != nil {
		return nil, err
	}
	run.read = run.events.Needs()
	if p.GetAnchor() != nil {
		if run.anchor, err = activity.NewSelector(at+".anchor", p.GetAnchor(), frame.Zone); err != nil {
			return nil, err
		}
		run.read = run.read.Join(run.anchor.Needs())
	}
	if p.GetLabelField() != "" {
		field, err := activity.NewField(at+".label_field", p.GetLabelField(), frame.Zone)
		if err != nil {
			return nil, err
		}
		run.label = &field
		run.read.Contents = run.read.Contents || field.Contents() && run.read.Events
	}
	gap, err := lengthOr(at+".session_gap", p.GetSessionGap(), defaultGap, longestGap)
	if err != nil {
		return nil, err
	}
	from, err := instantOr(at+".start_time", p.GetStartTime(), time.UnixMilli(math.MinInt64/4))
	if err != nil {
		return nil, err
	}
	run.fromMS, run.gapMS = from.UnixMilli(), gap.Milliseconds()
	def := paths.Definition{
		Direction: paths.Direction(p.GetDirection()), Anchored: run.anchor != nil, Depth: int(p.GetDepth()),
		GapMS: run.gapMS, KeepRepeats: p.GetKeepRepeats(), Counters: pathCounters,
	}
	if def.Depth == 0 {
		def.Depth = defaultDepth
	}
	run.tally = paths.NewTally(def)
	return run, nil
}

func (r *pathsRun) needs() activity.Needs { return r.read }

// add cuts what the customer did into sessions, and hands over of each the steps
// that are part of paths. What is not part of them keeps a session going.
func (r *pathsRun) add(ctx context.Context, s *facet.Subject, _ lister) error {
	r.visits = r.visits[:0]
	lastMS := int64(math.MinInt64 / 2)
	for i := range s.Steps {
		step := &s.Steps[i]
		if step.TimeMS < r.fromMS || step.Type == activity.Ordered && !r.read.Orders {
			continue
		}
		if step.TimeMS-lastMS > r.gapMS {
			r.end()
		}
		lastMS = step.TimeMS
		visit, part, err := r.visit(ctx, step)
		if err != nil {
			return err
		}
		if part {
			r.visits = append(r.visits, visit)
		}
	}
	r.end()
	return nil
}

// end hands over the session at hand.
func (r *pathsRun) end() {
	if len(r.visits) > 0 {
		r.tally.Session(r.visits)
		r.visits = r.visits[:0]
	}
}

// visit is the step as one of a path, if it is part of paths. An anchor always is.
func (r *pathsRun) visit(ctx context.Context, step *activity.Step) (v paths.Visit, part bool, err error) {
	v = paths.Visit{TimeMS: step.TimeMS, Label: step.Name}
	if part, err = r.events.Selects(ctx, step); err != nil {
		return v, false, err
	}
	if r.anchor != nil {
		if v.Anchor, err = r.anchor.Selects(ctx, step); err != nil {
			return v, false, err
		}
	}
	if !part && !v.Anchor {
		return v, false, nil
	}
	if r.label != nil {
		value, err := r.label.Of(ctx, step)
		if err != nil {
			return v, false, err
		}
		if text := label(value); text != "" {
			v.Label = text
		}
	}
	if v.Label == "" {
		v.Label = step.Type
	}
	return v, true, nil
}

func (r *pathsRun) answer(a *profilev1.Analysis) error {
	result := &profilev1.PathsResult{
		Sessions: r.tally.Sessions, SessionsWithPath: r.tally.Top.Seen, MaxCountError: r.tally.Top.MaxError(),
	}
	most := int(r.asked.GetMaxPaths())
	if most == 0 {
		most = mostPaths
	}
	for _, c := range r.tally.Top.Top(most) {
		result.Paths = append(result.Paths, &profilev1.Path{
			Steps: paths.Labels(c.Key), Sessions: c.Count, CountError: c.Error,
			Share: float64(c.Count) / float64(r.tally.Top.Seen),
		})
	}
	a.Result = &profilev1.Analysis_PathsResult{PathsResult: result}
	return nil
}
