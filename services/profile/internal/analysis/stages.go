package analysis

import (
	"cmp"
	"context"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
)

// stagesRun counts the customers at each stage, on its way over them.
type stagesRun struct {
	asked  *profilev1.JourneyStages
	policy *profilev1.JourneyPolicy
	at     [journey.Stages]int64 // are there
	been   [journey.Stages]int64 // have come there or further
	times  [journey.Stages]stat.Histogram
	total  int64
	// transitions are those of the customer at hand, set before add.
	transitions []journey.Transition
}

func newStages(s *profilev1.JourneyStages, policy *profilev1.JourneyPolicy) (*stagesRun, error) {
	run := &stagesRun{asked: s, policy: policy}
	for i := range run.times {
		run.times[i].Digits = stat.MaxDigits
	}
	return run, nil
}

func (r *stagesRun) needs() activity.Needs { return activity.Needs{} } // those of the policy

func (r *stagesRun) add(_ context.Context, s *facet.Subject, list lister) error {
	r.total++
	r.at[s.Stage]++
	furthest, since := s.Stage, int64(0)
	for i, t := range r.transitions {
		furthest = max(furthest, t.To)
		if i > 0 && t.To > t.From {
			r.times[t.From].Add(t.TimeMS - since)
		}
		since = t.TimeMS
	}
	for stage := journey.None; stage <= furthest; stage++ {
		r.been[stage]++
	}
	list(s.Stage.String(), "", since)
	return nil
}

func (r *stagesRun) answer(a *profilev1.Analysis) error {
	result := &profilev1.JourneyStagesResult{PolicyVersion: r.policy.GetVersion(), PolicyTimeZone: cmp.Or(r.policy.GetTimeZone(), time.UTC.String())}
	level := levelOf(r.asked.GetConfidenceLevel())
	for stage := journey.None; stage <= journey.Loyalty; stage++ {
		told := &profilev1.JourneyStageCount{
			Stage: profilev1.JourneyStage(stage), Customers: r.at[stage], Reached: r.been[stage],
			TimeAtStage: durations(&r.times[stage]), List: stage.String(),
		}
		var err error
		if told.Share, err = rate(r.at[stage], r.total, level); err != nil {
			return err
		}
		if stage < journey.Loyalty {
			if told.MovedOn, err = rate(r.been[stage+1], r.been[stage], level); err != nil {
				return err
			}
		}
		result.Stages = append(result.Stages, told)
	}
	a.Result = &profilev1.Analysis_JourneyStagesResult{JourneyStagesResult: result}
	return nil
}
