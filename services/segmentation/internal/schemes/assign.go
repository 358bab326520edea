package schemes

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// baseline is the run that serves while another is carried out.
type baseline struct {
	name   string
	report *segmentationv1.SchemeRun
	opened *partition.Opened
	bins   []frozenBins
}

// baseline is nil before anything was published.
func (s *Server) baseline(ctx context.Context, m *segmentationv1.Scheme) (*baseline, error) {
	if m.GetPublishedRun() == "" {
		return nil, nil
	}
	scheme, id, err := parseRun("scheme.published_run", m.GetPublishedRun())
	if err != nil {
		return nil, err
	}
	r, err := s.store.run(ctx, scheme, id)
	if err != nil {
		return nil, err
	}
	report, err := r.message()
	if err != nil {
		return nil, err
	}
	opened, err := r.Model.Open(s.compile)
	if err != nil {
		return nil, err
	}
	return &baseline{name: r.name(), report: report, opened: opened, bins: r.Bins}, nil
}

// assign is the second pass: everybody's label, and what is counted of the labels.
func (s *Server) assign(ctx context.Context, w *work, o *partition.Opened, base *baseline, report func(done int64)) (*assigned, error) {
	a := &assigned{}
	for range o.Model.Labels {
		a.labels = append(a.labels, newTally(w))
	}
	if base != nil {
		for _, l := range base.opened.Model.Labels {
			a.beforeLabels = append(a.beforeLabels, l.ID)
			a.cross = append(a.cross, make([]int64, len(o.Model.Labels)))
		}
	}
	if err := a.freeze(w, base); err != nil {
		return nil, err
	}
	ranks, err := w.ranks()
	if err != nil {
		return nil, err
	}
	people, err := newPortrait(w, len(o.Model.Labels))
	if err != nil {
		return nil, err
	}
	row := make([]float64, len(w.columns))
	done := int64(0)
	for f, err := range s.facts.Scan(ctx, "", "", facts.AllParts) {
		if err != nil {
			return nil, err
		}
		if done++; done%reportEvery == 0 {
			report(done)
		}
		c := &criterion.Case{Facts: f, At: w.at, In: nobody}
		label, failed := labelPlace(o, c)
		if failed {
			a.failed++
		}
		w.read(f, row)
		a.labels[label].add(w, f, row, ranks)
		if err := people.add(label, f, row); err != nil {
			return nil, err
		}
		a.place(w, row, half(f.Customer.ID))
		if base != nil {
			before, _ := labelPlace(base.opened, c)
			a.cross[before][label]++
			if o.Model.KMeans != nil && base.opened.Model.KMeans != nil {
				a.pair(before, base.opened.Model, label, o.Model)
			}
		}
	}
	a.described, err = people.DescribeAll()
	return a, err
}

// pair keeps a customer's clusters, −1 for unknown.
func (a *assigned) pair(before int, old *partition.Model, label int, now *partition.Model) {
	if before == old.KMeans.K {
		before = -1
	}
	if label == now.KMeans.K {
		label = -1
	}
	a.labelled[0], a.labelled[1] = append(a.labelled[0], before), append(a.labelled[1], label)
}

// nobody answers for segments, which rules of schemes do not ask about.
func nobody(string) (bool, error) {
	return false, fault.New(fault.FailedPrecondition, "SCHEME_ASKS_SEGMENTS", "a scheme's rules cannot ask about segments")
}

// labelPlace is a customer's label; that of whom a rule fails is unknown.
func labelPlace(o *partition.Opened, c *criterion.Case) (label int, failed bool) {
	label, _, err := o.Assign(c)
	if err != nil {
		return len(o.Model.Labels) - 1, true
	}
	return label, false
}

// freeze makes the bins in which the forming columns are counted.
func (a *assigned) freeze(w *work, base *baseline) error {
	a.own, a.base = make([]*counted, w.forming), make([]*counted, w.forming)
	for j, c := range w.columns[:w.forming] {
		if !c.Numeric() {
			continue
		}
		known := w.sample(j)
		if len(known) == 0 {
			continue
		}
		frozen, err := stat.FreezeBins(known, bins)
		if err != nil {
			return err
		}
		a.own[j] = newCounted(frozenBins{Variable: c.Name, Baseline: frozen, Low: c.spread.Min, High: c.spread.Max})
		if base == nil {
			continue
		}
		i := slices.IndexFunc(base.bins, func(b frozenBins) bool { return b.Variable == c.Name })
		if i >= 0 {
			a.base[j] = newCounted(base.bins[i])
		}
	}
	return nil
}

func (a *assigned) place(w *work, row []float64, half int) {
	for j := range w.forming {
		if math.IsNaN(row[j]) {
			continue
		}
		if a.own[j] != nil {
			a.own[j].add(row[j], half)
		}
		if a.base[j] != nil {
			a.base[j].add(row[j], half)
		}
	}
}

// bins are those of this run, with all customers in them.
func (a *assigned) bins() (all []frozenBins) {
	for _, c := range a.own {
		if c != nil {
			frozen := c.frozen
			frozen.Baseline.Counts = c.total()
			all = append(all, frozen)
		}
	}
	return all
}

// ranks are the bins in which numeric outside columns are ordered.
func (w *work) ranks() ([]*stat.Baseline, error) {
	all := make([]*stat.Baseline, len(w.columns))
	for j, c := range w.columns {
		if c.forming || !c.Numeric() {
			continue
		}
		if known := w.sample(j); len(known) > 0 {
			b, err := stat.FreezeBins(known, rankBins)
			if err != nil {
				return nil, err
			}
			all[j] = &b
		}
	}
	return all, nil
}

// continuation is the label before that a label goes on from.
type continuation struct {
	Label     string  `bson:"label"`
	From      string  `bson:"from"`      // empty where it is new
	Agreement float64 `bson:"agreement"` // share of the earlier label's customers who have the later one
}

// follow finds which label of the baseline each label goes on from. Clusters, whose
// numbers are chance, take the names of those whose customers they have.
func follow(m *partition.Model, base *baseline, a *assigned) ([]continuation, error) {
	all := make([]continuation, len(m.Labels))
	if base == nil {
		for place, l := range m.Labels {
			all[place].Label = l.ID
		}
		return all, nil
	}
	before := base.opened.Model
	if m.KMeans != nil && before.KMeans != nil {
		if err := rename(m, before, a); err != nil {
			return nil, err
		}
	}
	for place, l := range m.Labels {
		all[place].Label = l.ID
		if at := before.Place(l.ID); at >= 0 {
			var size int64
			for _, n := range a.cross[at] {
				size += n
			}
			all[place] = continuation{l.ID, l.ID, ratio(a.cross[at][place], size)}
		}
	}
	return all, nil
}

// rename gives each cluster the label of the one before that it continues, such that as
// many customers as possible keep theirs; the others get numbers that were not in use.
func rename(m, before *partition.Model, a *assigned) error {
	match, err := cluster.MatchLabels(a.labelled[0], before.KMeans.K, a.labelled[1], m.KMeans.K)
	if err != nil {
		return err
	}
	highest := 0
	for _, l := range before.Labels {
		if n, err := strconv.Atoi(strings.TrimPrefix(l.ID, "cluster-")); err == nil {
			highest = max(highest, n)
		}
	}
	for place, old := range match.Previous {
		if old >= 0 {
			m.Labels[place] = before.Labels[old]
			continue
		}
		highest++
		m.Labels[place] = partition.ClusterLabel(highest)
	}
	return nil
}
