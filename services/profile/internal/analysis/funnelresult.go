package analysis

import (
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/funnel"
)

func (r *funnelRun) answer(a *profilev1.Analysis) error {
	result := &profilev1.FunnelResult{ConvertedList: convertedList, TimeToConvert: durations(&r.tally.Total)}
	level := levelOf(r.asked.GetConfidenceLevel())
	counts := &r.tally.All
	ordinal := map[int]int{}
	for k, step := range r.finder.RequiredSteps() {
		ordinal[step] = k
	}
	for i, step := range r.asked.GetSteps() {
		told := &profilev1.FunnelStepResult{DisplayName: step.GetDisplayName(), Optional: step.GetOptional(), Passed: counts.Passed[i]}
		k, required := ordinal[i]
		if required {
			r.required(told, k, i)
		} else {
			told.Reached = counts.Passed[i]
		}
		var err error
		if told.FromFirst, err = rate(told.Reached, counts.Reached[0], level); err != nil {
			return err
		}
		if required && k > 0 {
			if told.FromPrevious, err = rate(told.Reached, counts.Reached[k-1], level); err != nil {
				return err
			}
		}
		result.Steps = append(result.Steps, told)
	}
	var err error
	if result.Conversion, err = rate(counts.Reached[len(counts.Reached)-1], counts.Reached[0], level); err != nil {
		return err
	}
	if err := r.groups(result, level); err != nil {
		return err
	}
	a.Result = &profilev1.Analysis_FunnelResult{FunnelResult: result}
	return nil
}

// required tells of the required step with an ordinal number, the i-th of all.
func (r *funnelRun) required(told *profilev1.FunnelStepResult, k, i int) {
	counts := &r.tally.All
	told.Reached = counts.Reached[k]
	if k > 0 {
		told.TimeFromPrevious = durations(&r.tally.Times[k])
	}
	if k+1 < len(counts.Reached) {
		told.Dropped, told.StillOpen = counts.Reached[k]-counts.Reached[k+1], counts.Open[k]
		told.DroppedList = droppedList(i)
	}
}

func (r *funnelRun) groups(result *profilev1.FunnelResult, level float64) error {
	if !r.breakdown.any() {
		return nil
	}
	most := int(r.asked.GetBreakdown().GetMaxValues())
	if most == 0 {
		most = mostGroups
	}
	groups, others := r.tally.Largest(most)
	for i := range groups {
		told, err := groupProto(groups[i].Value, &groups[i].Counts, level)
		if err != nil {
			return err
		}
		result.Groups = append(result.Groups, told)
	}
	if others == nil {
		return nil
	}
	var err error
	result.OtherGroups, err = groupProto("", others, level)
	return err
}

func groupProto(value string, c *funnel.Counts, level float64) (*profilev1.FunnelGroup, error) {
	g := &profilev1.FunnelGroup{Value: value, Reached: c.Reached}
	for k := range len(c.Reached) - 1 {
		g.Dropped = append(g.Dropped, c.Reached[k]-c.Reached[k+1])
	}
	var err error
	g.Conversion, err = rate(c.Reached[len(c.Reached)-1], c.Reached[0], level)
	return g, err
}
