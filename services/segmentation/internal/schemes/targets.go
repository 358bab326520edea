package schemes

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// scoreOf puts a figure that is 1 on average between 1 and 5: nothing is 1, the average
// 3, twice the average or more 5.
func scoreOf(figure float64) *float64 {
	s := min(max(1+2*figure, 1), 5)
	return &s
}

// growthScore puts a change between 1 and 5: −20 % or worse is 1, none 3, +20 % or more 5.
func growthScore(change float64) *float64 {
	s := min(max(3+10*change, 1), 5)
	return &s
}

// attractiveness scores the segments as far as data tells.
func (w *work) attractiveness(m *segmentationv1.SchemeRun, a *assigned, base *baseline) *segmentationv1.TargetReport {
	report := &segmentationv1.TargetReport{}
	labels := m.GetSegmentation().GetLabels()
	used, recent := 0, int64(0)
	for place, l := range labels {
		recent += a.labels[place].recent
		if l.GetLabel() != partition.Unknown && l.GetCustomers() > 0 {
			used++
		}
	}
	currency, whole := a.currency()
	for place, l := range labels {
		if l.GetLabel() == partition.Unknown {
			continue
		}
		t := a.labels[place]
		own := &segmentationv1.LabelAttractiveness{Label: l.GetLabel()}
		weights := w.scheme.GetWeights()
		size := l.GetShare() * float64(used)
		own.Scores = append(own.Scores, data(segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_SIZE, weights.GetSize(), &size,
			fmt.Sprintf("share %s against an equal share of 1/%d", percent(l.GetShare()), max(used, 1)), scoreOf))
		own.Scores = append(own.Scores, data(segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_GROWTH, weights.GetGrowth(), w.growth(l, base),
			"change of the share in the last published run's model since that run", growthScore))
		var power *float64
		if all := ratio(whole, w.population); t.customers > 0 && all > 0 {
			x := max(0, float64(t.revenue[currency])/float64(t.customers)/all)
			power = &x
		}
		own.Scores = append(own.Scores, data(segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_PURCHASING_POWER, weights.GetPurchasingPower(), power,
			"revenue per customer in "+currency+" against that of all", scoreOf))
		var need *float64
		if all := ratio(recent, w.population); t.customers > 0 && all > 0 {
			x := ratio(t.recent, t.customers) / all
			need = &x
		}
		own.Scores = append(own.Scores, data(segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_NEED, weights.GetNeed(), need,
			fmt.Sprintf("share seen or heard from within %d days against that of all", needDays), scoreOf))
		own.Scores = append(own.Scores,
			&segmentationv1.AttractivenessScore{Criterion: segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_FIT, Weight: weights.GetFit(), Basis: "to be judged by people"},
			&segmentationv1.AttractivenessScore{Criterion: segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_COMPETITION, Weight: weights.GetCompetition(), Basis: "to be judged by people"})
		average(own)
		report.Labels = append(report.Labels, own)
	}
	return report
}

// growth is the change of a label's share in the baseline's model, nil without one.
func (w *work) growth(l *segmentationv1.LabelSize, base *baseline) *float64 {
	if base == nil || l.PreviousCustomers == nil {
		return nil
	}
	for _, then := range base.report.GetSegmentation().GetLabels() {
		if then.GetLabel() == l.GetLabel() && then.GetShare() > 0 {
			change := ratio(l.GetPreviousCustomers(), w.population)/then.GetShare() - 1
			return &change
		}
	}
	return nil
}

func data(c segmentationv1.AttractivenessCriterion, weight float64, figure *float64, basis string, score func(float64) *float64) *segmentationv1.AttractivenessScore {
	s := &segmentationv1.AttractivenessScore{Criterion: c, Weight: weight, Figure: figure, Basis: basis}
	if figure != nil {
		s.Score = score(*figure)
	} else {
		s.Basis = "no data: " + basis
	}
	return s
}

// average is the weighted mean of the scores there are.
func average(l *segmentationv1.LabelAttractiveness) {
	sum, weight := 0.0, 0.0
	for _, s := range l.GetScores() {
		if s.Score != nil {
			sum += s.GetWeight() * s.GetScore()
			weight += s.GetWeight()
		}
	}
	l.Score, l.CoveredWeight = nil, weight
	if weight > 0 {
		mean := sum / weight
		l.Score = &mean
	}
}

// ChooseTargets enters what people judge.
func (s *Server) ChooseTargets(ctx context.Context, r *segmentationv1.ChooseTargetsRequest) (*segmentationv1.SchemeRun, error) {
	scheme, id, err := parseRun("name", r.GetName())
	if err != nil {
		return nil, err
	}
	changed, err := s.store.changeRun(ctx, scheme, id, func(found *run, m *segmentationv1.SchemeRun) error {
		if err := etag.Check(r.GetEtag(), found.Version); err != nil {
			return err
		}
		if m.GetState() != segmentationv1.SchemeRunState_SCHEME_RUN_STATE_READY {
			return fault.New(fault.FailedPrecondition, "RUN_NOT_READY", "targets are chosen of a run that is ready and not yet published; %s is %s", r.GetName(), stateName(m.GetState())).
				With("run", r.GetName())
		}
		for _, l := range m.GetTargets().GetLabels() {
			l.Target, l.Reason = false, ""
		}
		for i, choice := range r.GetChoices() {
			at := slices.IndexFunc(m.GetTargets().GetLabels(), func(l *segmentationv1.LabelAttractiveness) bool { return l.GetLabel() == choice.GetLabel() })
			if at < 0 {
				return fault.Invalid(fmt.Sprintf("choices[%d].label", i), "must be one of the run's labels, is %.64q", choice.GetLabel())
			}
			enter(m.GetTargets().GetLabels()[at], choice)
		}
		m.Targets.Positioning, m.Targets.Competitors, m.Targets.DecideTime = r.GetPositioning(), r.GetCompetitors(), timestamppb.New(s.now())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.shownRun(ctx, changed)
}

// enter puts people's scores in the place of those from data.
func enter(l *segmentationv1.LabelAttractiveness, choice *segmentationv1.TargetChoice) {
	l.Target, l.Reason = choice.GetTarget(), choice.GetReason()
	for _, given := range choice.GetScores() {
		for _, s := range l.GetScores() {
			if s.GetCriterion() == given.GetCriterion() {
				score := given.GetScore()
				s.Score, s.Figure, s.Basis, s.Entered = &score, nil, given.GetNote(), true
			}
		}
	}
	average(l)
}
