package analysis

import (
	"context"
	"fmt"
	"math"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
	"github.com/kehuhq/kehu/services/profile/internal/portrait"
)

const (
	groupList        = "group"
	defaultGroupSize = 5
	leastGroupSize   = 2
	defaultQuantiles = 5
	mostValues       = 20
)

// ageBands are the bins of ages where none are asked for.
var ageBands = []float64{18, 25, 35, 45, 55, 65}

// portraitRun is a portrait on its way over the customers.
type portraitRun struct {
	asked       *profilev1.Portrait
	group       *population
	inSegment   bool // the customer at hand is in the segment of the group, set before add
	facets      []*facet.Facet
	columns     []*portrait.Column
	least       int64
	size, total int64
}

func newPortrait(p *profilev1.Portrait, frame facet.Frame) (*portraitRun, error) {
	run := &portraitRun{asked: p, least: int64(p.GetMinGroupSize())}
	switch {
	case run.least == 0:
		run.least = defaultGroupSize
	case run.least < leastGroupSize:
		return nil, fault.Invalid("analysis.portrait.min_group_size", "must be at least %d", leastGroupSize)
	}
	var err error
	if run.group, err = newPopulation("analysis.portrait.group", p.GetGroup(), frame); err != nil {
		return nil, err
	}
	for i, a := range p.GetAttributes() {
		at := fmt.Sprintf("analysis.portrait.attributes[%d]", i)
		f, err := facet.New(at+".field", a.GetField(), frame)
		if err != nil {
			return nil, err
		}
		binning, err := binningOf(at, a, f)
		if err != nil {
			return nil, err
		}
		run.facets = append(run.facets, f)
		run.columns = append(run.columns, portrait.NewColumn(binning))
	}
	return run, nil
}

func binningOf(at string, a *profilev1.PortraitAttribute, f *facet.Facet) (portrait.Binning, error) {
	b := portrait.Binning{Edges: a.GetEdges(), Quantiles: int(a.GetQuantiles()), Most: int(a.GetMaxValues())}
	for i := 1; i < len(b.Edges); i++ {
		if b.Edges[i] <= b.Edges[i-1] {
			return b, fault.Invalid(fmt.Sprintf("%s.edges[%d]", at, i), "must be more than the edge before")
		}
	}
	given := 0
	for _, is := range []bool{len(b.Edges) > 0, b.Quantiles > 0, b.Most > 0} {
		if is {
			given++
		}
	}
	if given > 1 {
		return b, fault.Invalid(at, "must have edges, quantiles or max_values, and not several of them")
	}
	switch {
	case given == 0 && f.Name == "age":
		b.Edges = ageBands
	case given == 0 && f.Number:
		b.Quantiles = defaultQuantiles
	case given == 0:
		b.Most = mostValues
	}
	return b, nil
}

func (r *portraitRun) stages() bool {
	for _, f := range r.facets {
		if f.Stage {
			return true
		}
	}
	return r.group.stages
}

func (r *portraitRun) needs() activity.Needs {
	n := r.group.needs
	for _, f := range r.facets {
		n = n.Join(f.Needs)
	}
	return n
}

func (r *portraitRun) add(_ context.Context, s *facet.Subject, list lister) error {
	inGroup := r.inSegment && r.group.holds(s)
	r.total++
	if inGroup {
		r.size++
		list(groupList, "", 0)
	}
	for i, f := range r.facets {
		r.columns[i].Add(f.Of(s), inGroup)
	}
	return nil
}

func (r *portraitRun) answer(a *profilev1.Analysis) error {
	if r.size < r.least {
		return fault.New(fault.FailedPrecondition, "GROUP_TOO_SMALL",
			"analysis.portrait.group: has fewer than %d customers, of whom nothing is told", r.least)
	}
	result := &profilev1.PortraitResult{GroupSize: r.size, BaseSize: r.total, GroupList: groupList}
	for i, column := range r.columns {
		bins, err := column.Bins()
		if err != nil {
			return err
		}
		portrait.Suppress(bins, r.least)
		d := &profilev1.PortraitDistribution{Field: r.facets[i].Name}
		for k := range bins {
			told, err := r.bin(&bins[k])
			if err != nil {
				return err
			}
			d.Bins = append(d.Bins, told)
		}
		result.Distributions = append(result.Distributions, d)
	}
	a.Result = &profilev1.Analysis_PortraitResult{PortraitResult: result}
	return nil
}

func (r *portraitRun) bin(b *portrait.Bin) (*profilev1.PortraitBin, error) {
	told := &profilev1.PortraitBin{Kind: profilev1.PortraitBinKind(b.Kind), Value: b.Label}
	if b.Kind == portrait.Interval {
		if !math.IsInf(b.Lower, 0) {
			told.Lower = &b.Lower
		}
		if !math.IsInf(b.Upper, 0) {
			told.Upper = &b.Upper
		}
	}
	if told.Suppressed = b.Suppressed; b.Suppressed {
		return told, nil
	}
	told.GroupCount, told.BaseCount = b.Group, b.Base
	told.GroupShare, told.BaseShare = float64(b.Group)/float64(r.size), float64(b.Base)/float64(r.total)
	if b.Base == 0 {
		return told, nil
	}
	e, err := stat.Index(b.Group, r.size, b.Base, r.total, levelOf(r.asked.GetConfidenceLevel()))
	if err != nil {
		return nil, err
	}
	told.Index = &profilev1.PortraitIndex{Value: e.Value, Low: e.Low, High: e.High, Level: e.Level, Method: string(e.Method)}
	return told, nil
}
