package findings

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// Assess has the quality of all records assessed and waits for the report.
func Assess(ctx context.Context, conn grpc.ClientConnInterface, report progress.Reporter) (*profilev1.DataQualityReport, error) {
	operation, err := profilev1.NewDataQualityServiceClient(conn).AssessDataQuality(ctx, &profilev1.AssessDataQualityRequest{})
	if err != nil {
		return nil, err
	}
	done := new(profilev1.DataQualityReport)
	return done, await(ctx, conn, operation, "checking records", report, func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(done)
	})
}

// Quality sets what to fix first, up to so many issues.
func Quality(r *profilev1.DataQualityReport, lang string, most int) *Finding {
	f := &Finding{
		Answer: r,
		Title:  fmt.Sprintf("Data quality 数据质量: %s, %s customers", text(Share(r.GetScore())), text(r.GetCustomers())),
		Header: []string{"", "what is wrong", "customers", "share", "revenue"},
	}
	var scores []string
	for _, d := range r.GetDimensions() {
		scores = append(scores, short(d.GetDimension().String(), "DATA_QUALITY_DIMENSION_")+" "+text(Share(d.GetScore())))
	}
	for n, i := range r.GetIssues()[:min(most, len(r.GetIssues()))] {
		what, advice := i.GetDescription(), i.GetAdvice()
		if lang == "zh" {
			what, advice = i.GetDescriptionZh(), i.GetAdviceZh()
		}
		f.Rows = append(f.Rows, []any{fmt.Sprint(n + 1), what, i.GetCustomers(), Share(i.GetShare()), first(i.GetRevenue())})
		f.Notes = append(f.Notes, fmt.Sprintf("%d. %s → %s", n+1, advice, i.GetCommand()))
	}
	f.Notes = append([]string{strings.Join(scores, ", ")}, f.Notes...)
	f.warn(r.GetWarnings())
	return f
}

// first is the amount in the currency that comes first; nil without one.
func first(all []*apiv1.Money) any {
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

func short(enum, prefix string) string { return strings.ToLower(strings.TrimPrefix(enum, prefix)) }

// Forecast sets what the open leads should bring.
func Forecast(r *profilev1.LeadForecast) *Finding {
	f := &Finding{
		Answer: r,
		Title:  fmt.Sprintf("Leads 销售机会: %d open", r.GetLeads()),
		Header: []string{"month", "leads", "if all are won", "expected", "from", "to"},
	}
	line := func(name string, s *profilev1.ForecastSum) {
		f.Rows = append(f.Rows, []any{name, s.GetLeads(), s.GetPipeline(), s.GetExpected(), s.GetLow(), s.GetHigh()})
	}
	for _, m := range r.GetMonths() {
		for _, s := range m.GetSums() {
			if s.GetLeads() > 0 {
				line(m.GetMonth(), s)
			}
		}
	}
	for _, s := range r.GetTotals() {
		line("all", s)
	}
	var chances []string
	for _, p := range r.GetProbabilities() {
		chance := short(p.GetStage().String(), "LEAD_STAGE_") + " " + text(Share(p.GetValue()))
		if p.GetSource() == profilev1.ProbabilitySource_PROBABILITY_SOURCE_MEASURED {
			chance += fmt.Sprintf(" (measured: %d of %d won)", p.GetWonLeads(), p.GetClosedLeads())
		}
		chances = append(chances, chance)
	}
	f.Notes = append(f.Notes, fmt.Sprintf("from and to are the %.0f%% interval (%s)", 100*r.GetLevel(), r.GetMethod()),
		"chance of winning by stage: "+strings.ReplaceAll(strings.Join(chances, ", "), "_", " "))
	for _, left := range []struct {
		leads int64
		what  string
	}{
		{r.GetLeadsWithoutValue(), "have no expected value"}, {r.GetLeadsWithoutDate(), "have no expected close date"},
		{r.GetOverdueLeads(), "should have been decided already"},
	} {
		if left.leads > 0 {
			f.Notes = append(f.Notes, fmt.Sprintf("%d leads %s and are in no sum", left.leads, left.what))
		}
	}
	return f
}
