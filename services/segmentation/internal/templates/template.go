// Package templates holds ready plans for usual divisions of customers: rules with
// parameters, and schemes to begin with.
package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// The types of parameters.
const (
	integer  = "integer"
	decimal  = "number"
	currency = "currency"
	phrase   = "text"
)

// parameter is what can be set.
type parameter struct {
	name, en, zh, otherwise, kind string
}

// segment is one of a template's, its expression with {parameters}.
type segment struct {
	label, en, zh, expression string
}

// template is a ready plan.
type template struct {
	id, en, zh       string
	about, aboutZh   string
	disjoint         bool
	parameters       []parameter
	segments         []segment
	restEn, restZh   string // of a disjoint one, everybody else
	outside          []string
	reason, reasonZh string
	scheme           func(values map[string]string) *segmentationv1.Scheme // of one that rules cannot make
	schemeLabels     []segment
}

// quoted are characters that cannot stand in a text of an expression.
var quoted = regexp.MustCompile(`["'\\\x00-\x1f\x7f]`)

// values are the parameters with what is given.
func (t *template) values(given map[string]string) (map[string]string, error) {
	values := make(map[string]string, len(t.parameters))
	for _, p := range t.parameters {
		value, is := given[p.name]
		if !is {
			value = p.otherwise
		}
		if err := p.check(value); err != nil {
			return nil, err
		}
		values[p.name] = value
	}
	for name := range given {
		if !slices.ContainsFunc(t.parameters, func(p parameter) bool { return p.name == name }) {
			return nil, fault.Invalid("parameters."+name, "must be one of the template's parameters: %s", t.names())
		}
	}
	return values, nil
}

func (t *template) names() string {
	all := make([]string, len(t.parameters))
	for i, p := range t.parameters {
		all[i] = p.name
	}
	if len(all) == 0 {
		return "it has none"
	}
	return strings.Join(all, ", ")
}

func (p parameter) check(value string) error {
	field := "parameters." + p.name
	switch p.kind {
	case integer:
		if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < 0 || n > 1_000_000_000 || strconv.FormatInt(n, 10) != value {
			return fault.Invalid(field, "must be a whole number of 0 to 1000000000, is %.64q", value)
		}
	case decimal:
		if !regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,6})?$`).MatchString(value) {
			return fault.Invalid(field, "must be a number such as 1000 or 0.75, is %.64q", value)
		}
	case currency:
		if !facts.IsCurrency(value) {
			return fault.Invalid(field, "must be an ISO 4217 code, e.g. CNY, is %.64q", value)
		}
	default:
		if value == "" || quoted.MatchString(value) {
			return fault.Invalid(field, "must be a text without quotes, backslashes and control characters")
		}
	}
	return nil
}

// filled is an expression with the values in the places of the parameters.
func (t *template) filled(expression string, values map[string]string) string {
	for _, p := range t.parameters {
		value := values[p.name]
		if p.kind == decimal && !strings.Contains(value, ".") {
			value += ".0"
		}
		expression = strings.ReplaceAll(expression, "{"+p.name+"}", value)
	}
	return expression
}

// rules are the segments' own expressions: of a disjoint template each without those
// for whom an earlier one holds.
func (t *template) rules(values map[string]string) []string {
	all := make([]string, len(t.segments))
	var before []string
	for i, s := range t.segments {
		own := t.filled(s.expression, values)
		all[i] = own
		if t.disjoint && len(before) > 0 {
			all[i] = "(" + own + ") && !(" + strings.Join(before, " || ") + ")"
		}
		before = append(before, "("+own+")")
	}
	return all
}

// plan is a scheme to begin with; nil where the template makes none.
func (t *template) plan(values map[string]string) *segmentationv1.Scheme {
	var m *segmentationv1.Scheme
	switch {
	case t.scheme != nil:
		m = t.scheme(values)
	case !t.disjoint:
		return nil
	default:
		rules := &segmentationv1.RulesMethod{RestName: t.restEn, RestNameZh: t.restZh}
		for _, s := range t.segments {
			rules.Rules = append(rules.Rules, &segmentationv1.LabelRule{Label: s.label, DisplayName: s.en, DisplayNameZh: s.zh, Expression: t.filled(s.expression, values)})
		}
		m = &segmentationv1.Scheme{Method: &segmentationv1.SchemeMethod{Kind: &segmentationv1.SchemeMethod_Rules{Rules: rules}}}
	}
	m.DisplayName = t.en + " " + t.zh
	m.Method.Reason = t.reason
	if m.Variables == nil {
		m.Variables = &segmentationv1.SchemeVariables{}
	}
	for _, fact := range t.outside {
		m.Variables.Outside = append(m.Variables.Outside, &segmentationv1.SchemeVariable{Fact: t.filled(fact, values), Reason: "not used to divide by"})
	}
	return m
}

// message is the template as the API has it.
func (t *template) message(given map[string]string) (*segmentationv1.SegmentTemplate, error) {
	values, err := t.values(given)
	if err != nil {
		return nil, err
	}
	m := &segmentationv1.SegmentTemplate{
		Name: "segmentTemplates/" + t.id, DisplayName: t.en, DisplayNameZh: t.zh, Description: t.about, DescriptionZh: t.aboutZh,
		Disjoint: t.disjoint, Scheme: t.plan(values),
	}
	for _, p := range t.parameters {
		m.Parameters = append(m.Parameters, &segmentationv1.TemplateParameter{
			Parameter: p.name, Description: p.en, DescriptionZh: p.zh, DefaultValue: p.otherwise, Type: p.kind, Value: values[p.name],
		})
	}
	for i, rule := range t.rules(values) {
		s := t.segments[i]
		m.Segments = append(m.Segments, &segmentationv1.TemplateSegment{Label: s.label, DisplayName: s.en, DisplayNameZh: s.zh, Expression: rule})
	}
	for _, s := range t.schemeLabels {
		m.Segments = append(m.Segments, &segmentationv1.TemplateSegment{Label: s.label, DisplayName: s.en, DisplayNameZh: s.zh})
	}
	return m, nil
}

func find(id string) (*template, error) {
	for i := range catalogue {
		if catalogue[i].id == id {
			return &catalogue[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "SEGMENT_TEMPLATE_NOT_FOUND", "there is no template %q", id).With("template", fmt.Sprintf("segmentTemplates/%s", id))
}
