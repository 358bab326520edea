package templates_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
	"github.com/kehuhq/kehu/services/segmentation/internal/templates"
)

func compiler(t *testing.T) func(string) (criterion.Criterion, error) {
	t.Helper()
	c, err := rule.NewCompiler(nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(expression string) (criterion.Criterion, error) { return c.Compile(expression) }
}

func all(t *testing.T, s *templates.Server) []*segmentationv1.SegmentTemplate {
	t.Helper()
	var list []*segmentationv1.SegmentTemplate
	r := &segmentationv1.ListSegmentTemplatesRequest{PageSize: 5}
	for {
		page, err := s.ListSegmentTemplates(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page.GetSegmentTemplates()...)
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return list
		}
	}
}

func TestEveryTemplateCompilesAndIsNamedInBothLanguages(t *testing.T) {
	compile := compiler(t)
	list := all(t, &templates.Server{Compile: compile})
	if len(list) != 12 {
		t.Errorf("%d templates in pages of 5, want 12", len(list))
	}
	for _, m := range list {
		if m.GetDisplayName() == "" || m.GetDisplayNameZh() == "" || m.GetDescription() == "" || m.GetDescriptionZh() == "" {
			t.Errorf("%s lacks a text", m.GetName())
		}
		for _, s := range m.GetSegments() {
			if strings.ContainsAny(s.GetExpression(), "{}") {
				t.Errorf("%s %s: %s", m.GetName(), s.GetLabel(), s.GetExpression())
			}
			if s.GetExpression() == "" {
				continue
			}
			if _, err := compile(s.GetExpression()); err != nil {
				t.Errorf("%s %s: %v", m.GetName(), s.GetLabel(), err)
			}
		}
		if m.GetDisjoint() && len(m.GetScheme().GetVariables().GetForming()) == 0 {
			t.Errorf("%s has no scheme with variables", m.GetName())
		}
	}
}

// Of a disjoint template's rules at most one holds for anybody.
func TestDisjointTemplatesAreDisjoint(t *testing.T) {
	compile := compiler(t)
	for _, m := range all(t, &templates.Server{Compile: compile}) {
		if !m.GetDisjoint() {
			continue
		}
		var rules []criterion.Criterion
		for _, s := range m.GetSegments() {
			if s.GetExpression() != "" {
				r, err := compile(s.GetExpression())
				if err != nil {
					t.Fatal(err)
				}
				rules = append(rules, r)
			}
		}
		t.Run(m.GetName(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				c := &criterion.Case{Facts: factstest.Facts().Draw(t, "facts"), At: factstest.At().Draw(t, "at").Truncate(time.Millisecond)}
				held := 0
				for i, r := range rules {
					v, err := r.Evaluate(c)
					if err != nil {
						t.Fatalf("%s: %v", m.GetSegments()[i].GetLabel(), err)
					}
					if v.Belongs {
						held++
					}
				}
				if held > 1 {
					t.Fatalf("%d rules hold", held)
				}
			})
		})
	}
}

func TestParametersAreChecked(t *testing.T) {
	s := &templates.Server{Compile: compiler(t)}
	for _, c := range []struct{ template, name, value, field string }{
		{"lifecycle", "new_days", "30 || true", "parameters.new_days"},
		{"lifecycle", "new_days", "-1", "parameters.new_days"},
		{"lifecycle", "no_such", "1", "parameters.no_such"},
		{"geographic", "region", `广东" || true || "`, "parameters.region"},
		{"geographic", "region", "", "parameters.region"},
		{"target-core", "currency", "RMB", "parameters.currency"},
		{"target-core", "core_revenue", "1e9", "parameters.core_revenue"},
	} {
		_, err := s.BuildSegmentTemplate(context.Background(), &segmentationv1.BuildSegmentTemplateRequest{
			Name: "segmentTemplates/" + c.template, Parameters: map[string]string{c.name: c.value},
		})
		f, _ := fault.As(err)
		if f == nil || f.Kind != fault.InvalidArgument || f.Violations[0].Field != c.field {
			t.Errorf("%s = %q: %v", c.name, c.value, err)
		}
	}
	built, err := s.BuildSegmentTemplate(context.Background(), &segmentationv1.BuildSegmentTemplateRequest{
		Name: "segmentTemplates/target-core", Parameters: map[string]string{"currency": "USD", "core_revenue": "250"},
	})
	if err != nil || !strings.Contains(built.GetSegments()[0].GetExpression(), `revenue_within("USD", days(365)) >= 250.0`) {
		t.Errorf("%v %v", built.GetSegments(), err)
	}
	if _, err := s.GetSegmentTemplate(context.Background(), &segmentationv1.GetSegmentTemplateRequest{Name: "segmentTemplates/nothing"}); fault.ReasonOf(err) != "SEGMENT_TEMPLATE_NOT_FOUND" {
		t.Error(err)
	}
}
