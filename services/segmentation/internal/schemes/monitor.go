package schemes

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

const (
	// looked is how many customers are looked at unless more, or fewer, are asked for.
	looked = 20_000
	// oldDays is after how many days a run is to be repeated whatever it shows.
	oldDays = 180
	// strayed is the share of customers outside the run's range above which it is.
	strayed = 0.05
)

// MonitorScheme tells how the published run holds today.
func (s *Server) MonitorScheme(ctx context.Context, r *segmentationv1.MonitorSchemeRequest) (*segmentationv1.SchemeHealth, error) {
	id, err := parseScheme("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.store.scheme(ctx, id)
	if err != nil {
		return nil, err
	}
	m, err := found.shown()
	if err != nil {
		return nil, err
	}
	base, err := s.baseline(ctx, m)
	if err != nil {
		return nil, err
	}
	if base == nil {
		return nil, fault.New(fault.FailedPrecondition, "SCHEME_NOT_PUBLISHED", "no run of scheme %q is published", id).With("scheme", schemeName(id))
	}
	sample, population, _, err := s.facts.Sample(ctx, int(or(r.GetSampleSize(), looked)), facts.AllParts)
	if err != nil {
		return nil, err
	}
	now := s.now()
	h := &segmentationv1.SchemeHealth{
		Run: base.name, ComputeTime: timestamppb.New(now), SampleSize: int64(len(sample)), Population: population,
		DaysSince: int64(now.Sub(base.report.GetAsOf().AsTime()) / (24 * time.Hour)),
	}
	if len(sample) > 0 {
		if err := base.look(h, sample, now); err != nil {
			return nil, err
		}
	}
	recommend(h, base.report.GetScheme().GetThresholds())
	return h, nil
}

// look compares a sample of customers with the run.
func (b *baseline) look(h *segmentationv1.SchemeHealth, sample []*facts.Facts, now time.Time) error {
	o := b.opened
	labels := make([]int64, len(o.Model.Labels))
	columns, zone, err := b.columns()
	if err != nil {
		return err
	}
	moment := partition.MomentOf(now, zone)
	outside := 0
	for _, f := range sample {
		label, _ := labelPlace(o, &criterion.Case{Facts: f, At: now, In: nobody})
		labels[label]++
		out := false
		for _, c := range columns {
			x := c.read(f, moment)
			if !math.IsNaN(x) {
				c.counted.add(x, 0)
				out = out || x < c.counted.frozen.Low || x > c.counted.frozen.High
			}
		}
		if out {
			outside++
		}
	}
	h.OutOfRangeShare = float64(outside) / float64(len(sample))
	h.UnknownShare = ratio(labels[len(labels)-1], int64(len(sample)))
	for _, c := range columns {
		v := &segmentationv1.VariableStability{Fact: c.counted.frozen.Variable, Customers: sum(c.counted.total())}
		if d, err := c.counted.frozen.Baseline.Drift(c.counted.total(), stat.DefaultSmoothing); err == nil {
			v.Psi, v.BaselineCustomers = &d.PSI, d.NExpected
			v.Reading, v.ReadingZh = d.Reading("en"), d.Reading("zh")
		}
		h.Variables = append(h.Variables, v)
	}
	return b.sizes(h, labels, int64(len(sample)))
}

// sizes compares the labels' shares.
func (b *baseline) sizes(h *segmentationv1.SchemeHealth, labels []int64, n int64) error {
	var then []int64
	for _, l := range b.report.GetSegmentation().GetLabels() {
		now := int64(0)
		if at := b.opened.Model.Place(l.GetLabel()); at >= 0 {
			now = labels[at]
		}
		interval, err := stat.Wilson(now, n, 0.95)
		if err != nil {
			return err
		}
		then = append(then, l.GetCustomers())
		h.Labels = append(h.Labels, &segmentationv1.LabelDrift{
			Label: l.GetLabel(), ShareThen: l.GetShare(), ShareNow: ratio(now, n), Lower: interval.Low, Upper: interval.High,
		})
	}
	if d, err := stat.PSIOfCounts(then, labels, stat.DefaultSmoothing); err == nil {
		h.LabelPsi = d.PSI
	}
	return nil
}

// watched is a forming variable that is counted in the run's bins.
type watched struct {
	*column
	reader  *partition.Reader
	place   int
	counted *counted
}

// columns are the forming variables of which there are bins.
func (b *baseline) columns() ([]*watched, *time.Location, error) {
	zone, err := partition.ZoneOf("data.time_zone", b.opened.Model.Zone)
	if err != nil {
		return nil, nil, err
	}
	var all []*watched
	for _, frozen := range b.bins {
		w := &watched{counted: newCounted(frozen)}
		if w.reader = b.opened.Reader(); w.reader != nil {
			w.place = slices.IndexFunc(w.reader.Variables(), func(v *partition.Variable) bool { return v.Name == frozen.Variable })
			if w.place < 0 {
				continue
			}
		} else {
			v := partition.Of(frozen.Variable)
			if v == nil {
				continue
			}
			w.column = newColumn(v, true)
		}
		all = append(all, w)
	}
	return all, zone, nil
}

func (w *watched) read(f *facts.Facts, m partition.Moment) float64 {
	if w.reader == nil {
		return w.column.read(f, m)
	}
	var numbers [partition.MaxInputs]float64
	row := numbers[:w.reader.Width()]
	w.reader.Read(f, w.reader.Moment(m.At), row)
	return row[w.place]
}

func sum(counts []int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// recommend says whether to run the scheme again.
func recommend(h *segmentationv1.SchemeHealth, t *segmentationv1.SchemeThresholds) {
	add := func(reason, format string, args ...any) {
		h.Reasons = append(h.Reasons, &apiv1.Warning{Reason: reason, Message: fmt.Sprintf(format, args...)})
	}
	for _, v := range h.GetVariables() {
		if v.GetPsi() > t.GetMaxPsi() {
			add("VARIABLE_MOVED", "%s has moved: PSI %.3f, above %.3g", v.GetFact(), v.GetPsi(), t.GetMaxPsi())
		}
	}
	if h.GetLabelPsi() > t.GetMaxPsi() {
		add("SIZES_MOVED", "the sizes have moved: PSI %.3f, above %.3g", h.GetLabelPsi(), t.GetMaxPsi())
	}
	if h.GetOutOfRangeShare() > strayed {
		add("OUT_OF_RANGE", "%s of the customers lie outside what the run has seen, above %s", percent(h.GetOutOfRangeShare()), percent(strayed))
	}
	if h.GetUnknownShare() > t.GetMaxUnknownShare() {
		add("UNKNOWN_TOO_MANY", "%s of the customers have no label, above %s", percent(h.GetUnknownShare()), percent(t.GetMaxUnknownShare()))
	}
	if h.GetDaysSince() > oldDays {
		add("RUN_OLD", "the run is of %d days ago, more than %d", h.GetDaysSince(), oldDays)
	}
	h.RerunRecommended = len(h.GetReasons()) > 0
	h.Recommendation = "The segments hold: nothing asks for another run."
	h.RecommendationZh = "细分仍然有效，无需重新运行。"
	if h.GetRerunRecommended() {
		var why []string
		for _, r := range h.GetReasons() {
			why = append(why, r.GetMessage())
		}
		h.Recommendation = "Run the scheme again: " + strings.Join(why, "; ") + "."
		h.RecommendationZh = "建议重新运行:" + strings.Join(reasonsZh(h.GetReasons()), ";") + "。"
	}
}

// inChinese are the reasons to run again.
var inChinese = map[string]string{
	"VARIABLE_MOVED": "变量分布已偏移", "SIZES_MOVED": "各细分规模已偏移", "OUT_OF_RANGE": "超出原有取值范围的客户过多",
	"UNKNOWN_TOO_MANY": "无法归类的客户过多", "RUN_OLD": "距上次运行时间过长",
}

func reasonsZh(reasons []*apiv1.Warning) (all []string) {
	for _, r := range reasons {
		if text := inChinese[r.GetReason()]; !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
