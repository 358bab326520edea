package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
	"github.com/kehuhq/kehu/services/kehu/internal/schemereport"
)

func (f *schemesFlags) choose(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	name, err := runNamed(args[0])
	if err != nil {
		return err
	}
	request := &segmentationv1.ChooseTargetsRequest{Name: name, Positioning: f.positioning, Competitors: f.competitors}
	of := make(map[string]*segmentationv1.TargetChoice)
	choice := func(label string) *segmentationv1.TargetChoice {
		if of[label] == nil {
			of[label] = &segmentationv1.TargetChoice{Label: label}
			request.Choices = append(request.Choices, of[label])
		}
		return of[label]
	}
	for _, given := range f.targets {
		label, why, _ := strings.Cut(given, "=")
		c := choice(label)
		c.Target, c.Reason = true, why
	}
	for _, given := range f.scores {
		label, score, err := scoreGiven(given)
		if err != nil {
			return err
		}
		c := choice(label)
		c.Scores = append(c.Scores, score)
	}
	m, err := segmentationv1.NewSchemeServiceClient(conn).ChooseTargets(ctx, request)
	if err != nil {
		return err
	}
	return f.printRun(m)
}

// scoreGiven reads LABEL:criterion=4.
func scoreGiven(given string) (label string, score *segmentationv1.EnteredScore, err error) {
	label, rest, _ := strings.Cut(given, ":")
	name, text, _ := strings.Cut(rest, "=")
	criterion, known := segmentationv1.AttractivenessCriterion_value["ATTRACTIVENESS_CRITERION_"+upper(name)]
	value, failed := strconv.ParseFloat(text, 64)
	if !known || criterion == 0 || failed != nil {
		return "", nil, usageError{fmt.Errorf("--score must be LABEL:criterion=1…5 with size, growth, purchasing-power, need, fit or competition, is %q", given)}
	}
	return label, &segmentationv1.EnteredScore{Criterion: segmentationv1.AttractivenessCriterion(criterion), Score: value}, nil
}

func (f *schemesFlags) templates(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	client := segmentationv1.NewSegmentTemplateServiceClient(conn)
	if len(args) == 1 {
		m, err := client.BuildSegmentTemplate(ctx, &segmentationv1.BuildSegmentTemplateRequest{Name: named("segmentTemplates/", args[0]), Parameters: f.parameters})
		if err != nil {
			return err
		}
		if f.scheme {
			if m.GetScheme() == nil {
				return usageError{fmt.Errorf("the template %s makes no scheme: its segments overlap", args[0])}
			}
			return f.printPlan(m.GetScheme())
		}
		return f.print(m, func() string { return schemereport.Template(m, f.lang, width()) })
	}
	answer, err := client.ListSegmentTemplates(ctx, &segmentationv1.ListSegmentTemplatesRequest{PageSize: 1000})
	if err != nil {
		return err
	}
	found := &findings.Finding{Answer: answer, Title: "Templates 模板", Header: []string{"template", "name", "名称", "segments", "disjoint"}}
	for _, m := range answer.GetSegmentTemplates() {
		disjoint := "no"
		if m.GetDisjoint() {
			disjoint = "yes"
		}
		found.Rows = append(found.Rows, []any{strings.TrimPrefix(m.GetName(), "segmentTemplates/"), m.GetDisplayName(), m.GetDisplayNameZh(), int64(len(m.GetSegments())), disjoint})
	}
	return found.Write(os.Stdout, f.format, width())
}
