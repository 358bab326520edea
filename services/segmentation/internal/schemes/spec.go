package schemes

import (
	"fmt"
	"slices"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
	"github.com/kehuhq/kehu/services/segmentation/internal/quadrant"
)

// The defaults of methods.
const (
	defaultKMin      = 2
	defaultKMax      = 8
	defaultStarts    = 10
	defaultMinOrders = 3
	defaultPotential = "prediction.residual_value"
)

// maxSegmentID is the longest id of a segment, in bytes.
const maxSegmentID = 63

// specOf reads how a scheme divides customers.
func specOf(m *segmentationv1.Scheme) (*partition.Spec, error) {
	s := &partition.Spec{Zone: m.GetData().GetTimeZone()}
	if t := m.GetData().GetAsOf(); t != nil {
		s.AsOf = t.AsTime()
	}
	var err error
	switch kind := m.GetMethod().GetKind().(type) {
	case *segmentationv1.SchemeMethod_Rules:
		rulesOf(s, kind.Rules)
	case *segmentationv1.SchemeMethod_Rfm:
		s.RFM = rfmOf(kind.Rfm)
	case *segmentationv1.SchemeMethod_Kmeans:
		s.KMeans = kmeansOf(kind.Kmeans, m.GetVariables())
	case *segmentationv1.SchemeMethod_Quadrants:
		s.Quadrants, err = quadrantsOf(kind.Quadrants)
	case *segmentationv1.SchemeMethod_Crossed:
		s.Crossed, err = crossedOf(kind.Crossed)
	default:
		return nil, fault.New(fault.FailedPrecondition, "SCHEME_WITHOUT_METHOD", "the scheme has no method yet: set method to one of rules, rfm, kmeans, quadrants and crossed")
	}
	return s, err
}

func rulesOf(s *partition.Spec, m *segmentationv1.RulesMethod) {
	s.Rest = partition.Label{ID: partition.Rest, En: m.GetRestName(), Zh: m.GetRestNameZh()}
	for _, r := range m.GetRules() {
		s.Rules = append(s.Rules, partition.Rule{Label: labelOf(r), Expression: r.GetExpression()})
	}
}

// labelOf names a label by its id where it has no name.
func labelOf(m interface {
	GetLabel() string
	GetDisplayName() string
	GetDisplayNameZh() string
}) partition.Label {
	l := partition.Label{ID: m.GetLabel(), En: m.GetDisplayName(), Zh: m.GetDisplayNameZh()}
	if l.En == "" {
		l.En = l.ID
	}
	if l.Zh == "" {
		l.Zh = l.En
	}
	return l
}

func rfmOf(m *segmentationv1.RfmMethod) *partition.RFMSpec {
	s := &partition.RFMSpec{
		Currency: m.GetCurrencyCode(), RecencyCuts: m.GetRecencyCuts(), FrequencyCuts: m.GetFrequencyCuts(), MonetaryCuts: m.GetMonetaryCuts(),
		Threshold: partition.AtMean, FixedRecency: m.GetFixedRecencyDays(), FixedFrequency: m.GetFixedFrequency(), FixedMonetary: m.GetFixedMonetaryMinor(),
	}
	switch m.GetGrouping() {
	case segmentationv1.RfmGrouping_RFM_GROUPING_ELEVEN_SEGMENTS:
		s.Grouping = partition.ElevenSegments
	case segmentationv1.RfmGrouping_RFM_GROUPING_CELLS:
		s.Grouping = partition.Cells
	default:
		s.Grouping = partition.EightGroups
	}
	switch m.GetThreshold() {
	case segmentationv1.RfmThreshold_RFM_THRESHOLD_MEDIAN:
		s.Threshold = partition.AtMedian
	case segmentationv1.RfmThreshold_RFM_THRESHOLD_FIXED:
		s.Threshold = partition.AtFixed
	}
	return s
}

func kmeansOf(m *segmentationv1.KMeansMethod, v *segmentationv1.SchemeVariables) *partition.KMeansSpec {
	s := &partition.KMeansSpec{
		Log: m.GetLogVariables(), K: int(m.GetK()), KMin: or(int(m.GetKMin()), defaultKMin), KMax: or(int(m.GetKMax()), defaultKMax),
		Starts: or(int(m.GetStarts()), defaultStarts), Seed: m.GetSeed(), Scaling: cluster.ScaleStandard,
		Winsorise: m.GetOutliers() != segmentationv1.OutlierPolicy_OUTLIER_POLICY_KEEP,
		Impute:    m.GetMissing() == segmentationv1.MissingPolicy_MISSING_POLICY_MEDIAN,
	}
	switch m.GetScaling() {
	case segmentationv1.FeatureScaling_FEATURE_SCALING_ROBUST:
		s.Scaling = cluster.ScaleRobust
	case segmentationv1.FeatureScaling_FEATURE_SCALING_MIN_MAX:
		s.Scaling = cluster.ScaleMinMax
	case segmentationv1.FeatureScaling_FEATURE_SCALING_NONE:
		s.Scaling = cluster.ScaleNone
	}
	for _, variable := range v.GetForming() {
		s.Variables = append(s.Variables, variable.GetFact())
	}
	return s
}

func or[T comparable](given, otherwise T) T {
	var zero T
	if given == zero {
		return otherwise
	}
	return given
}

func quadrantsOf(m *segmentationv1.QuadrantsMethod) (*quadrant.Spec, error) {
	s := &quadrant.Spec{
		ValueFact: m.GetValueFact(), MinOrders: or(m.GetMinOrders(), defaultMinOrders),
		PotentialFact: or(m.GetPotentialFact(), defaultPotential), NeedSignals: or(int(m.GetNeedSignals()), 1),
	}
	for _, signal := range m.GetNeed() {
		s.Need = append(s.Need, quadrant.Signal{Fact: signal.GetFact(), Threshold: signal.GetThreshold(), AtMost: signal.GetAtMost()})
	}
	for _, t := range []struct {
		field string
		given *segmentationv1.QuadrantThreshold
		into  *quadrant.Threshold
	}{{"value_threshold", m.GetValueThreshold(), &s.Value}, {"potential_threshold", m.GetPotentialThreshold(), &s.Potential}} {
		if t.given.GetAt() == nil {
			return nil, fault.Invalid("method.quadrants."+t.field, "must have a value or a quantile")
		}
		*t.into = quadrant.Threshold{Value: t.given.GetValue(), Quantile: t.given.GetQuantile()}
	}
	return s, nil
}

func crossedOf(m *segmentationv1.CrossedMethod) (*partition.Crossed, error) {
	c := &partition.Crossed{}
	for i, given := range m.GetDimensions() {
		d := partition.Dimension{Fact: given.GetFact(), Within: given.GetWithin()}
		switch parts := given.GetParts().(type) {
		case *segmentationv1.CrossedDimension_Numbers:
			d.Cuts, d.Parts = parts.Numbers.GetCuts(), labelsOf(parts.Numbers.GetLabels())
		case *segmentationv1.CrossedDimension_Quantiles:
			d.Quantiles, d.Parts = true, labelsOf(parts.Quantiles.GetLabels())
		case *segmentationv1.CrossedDimension_Categories:
			for _, group := range parts.Categories.GetGroups() {
				d.Groups, d.Parts = append(d.Groups, group.GetValues()), append(d.Parts, labelOf(group.GetLabel()))
			}
			if other := parts.Categories.GetOther(); other != nil {
				d.Other, d.Parts = true, append(d.Parts, labelOf(other))
			}
		default:
			return nil, fault.Invalid(fmt.Sprintf("method.crossed.dimensions[%d]", i), "must have one of numbers, quantiles and categories")
		}
		c.Dimensions = append(c.Dimensions, d)
	}
	return c, nil
}

func labelsOf(given []*segmentationv1.PartLabel) []partition.Label {
	labels := make([]partition.Label, len(given))
	for i, l := range given {
		labels[i] = labelOf(l)
	}
	return labels
}

// checkVariables refuses variables that there are not, that are given twice, that the
// method does not ask for, and outside variables that it does.
func checkVariables(m *segmentationv1.Scheme, needs []string) error {
	seen := make(map[string]bool)
	for i, v := range m.GetVariables().GetForming() {
		field := fmt.Sprintf("variables.forming[%d].fact", i)
		if seen[v.GetFact()] {
			return fault.Invalid(field, "must be named once, %s is named twice", v.GetFact())
		}
		seen[v.GetFact()] = true
		if len(needs) > 0 && !slices.Contains(needs, v.GetFact()) {
			return fault.Invalid(field, "must be one that the method asks for (%s), is %.128q", strings.Join(needs, ", "), v.GetFact())
		}
	}
	for i, v := range m.GetVariables().GetOutside() {
		field := fmt.Sprintf("variables.outside[%d].fact", i)
		if _, err := partition.Find(field, v.GetFact()); err != nil {
			return err
		}
		if seen[v.GetFact()] || slices.Contains(needs, v.GetFact()) {
			return fault.Invalid(field, "must be one that customers are not divided by, and named once: %s", v.GetFact())
		}
		seen[v.GetFact()] = true
	}
	return nil
}

// missingVariables are those that the method asks for and the scheme does not name.
func missingVariables(m *segmentationv1.Scheme, needs []string) (missing []string) {
	for _, need := range needs {
		named := slices.ContainsFunc(m.GetVariables().GetForming(), func(v *segmentationv1.SchemeVariable) bool { return v.GetFact() == need })
		if !named {
			missing = append(missing, need)
		}
	}
	return missing
}

// check refuses a scheme that can never be carried out. Without a method there is
// nothing to refuse yet.
func (s *Server) check(id string, m *segmentationv1.Scheme) error {
	if m.GetMethod().GetKind() == nil {
		return checkVariables(m, nil)
	}
	spec, err := specOf(m)
	if err != nil {
		return err
	}
	if spec.KMeans != nil && len(spec.KMeans.Variables) == 0 {
		return checkVariables(m, nil) // to be named yet
	}
	if err := spec.Check(s.compile); err != nil {
		return err
	}
	needs, err := spec.Needs(s.compile)
	if err != nil {
		return err
	}
	if err := checkVariables(m, needs); err != nil {
		return err
	}
	for _, label := range longest(spec) {
		if n := len(segmentID(id, label)); n > maxSegmentID {
			return fault.Invalid("method", "must have labels short enough for ids of segments: %s has %d bytes, at most %d fit", segmentID(id, label), n, maxSegmentID)
		}
	}
	return nil
}

// longest are labels that are known before a run.
func longest(spec *partition.Spec) (labels []string) {
	for _, r := range spec.Rules {
		labels = append(labels, r.Label.ID)
	}
	if spec.Quadrants != nil {
		for _, g := range quadrant.Groups() {
			labels = append(labels, g.ID)
		}
	}
	if spec.Crossed != nil {
		whole := ""
		for _, d := range spec.Crossed.Dimensions {
			part := ""
			for _, l := range d.Parts {
				if len(l.ID) > len(part) {
					part = l.ID
				}
			}
			whole += "-" + part
		}
		labels = append(labels, strings.TrimPrefix(whole, "-"))
	}
	return labels
}

// segmentID is that of a label's segment.
func segmentID(scheme, label string) string { return scheme + "-" + label }
