package findings

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// Analyse has an analysis made and waits for its result.
func Analyse(ctx context.Context, conn grpc.ClientConnInterface, asked *profilev1.Analysis, report progress.Reporter) (*profilev1.Analysis, error) {
	operation, err := profilev1.NewAnalysisServiceClient(conn).CreateAnalysis(ctx, &profilev1.CreateAnalysisRequest{Analysis: asked})
	if err != nil {
		return nil, err
	}
	done := new(profilev1.Analysis)
	return done, await(ctx, conn, operation, "analysing customers", report, func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(done)
	})
}

func await(ctx context.Context, conn grpc.ClientConnInterface, operation *longrunningpb.Operation, name string, report progress.Reporter, done func(*longrunningpb.Operation) error) error {
	return analysis.Await(ctx, func(ctx context.Context) (analysis.Watcher, error) {
		return profilev1.NewOperationServiceClient(conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation.GetName()})
	}, name, report, done)
}

// Of sets the result of an analysis.
func Of(a *profilev1.Analysis) (*Finding, error) {
	f := &Finding{Answer: a}
	switch result := a.GetResult().(type) {
	case *profilev1.Analysis_FunnelResult:
		f.funnel(result.FunnelResult)
	case *profilev1.Analysis_RetentionResult:
		f.retention(result.RetentionResult)
	case *profilev1.Analysis_PortraitResult:
		f.portrait(result.PortraitResult)
	case *profilev1.Analysis_PathsResult:
		f.paths(result.PathsResult)
	case *profilev1.Analysis_JourneyStagesResult:
		f.stages(result.JourneyStagesResult)
	default:
		return nil, errors.New("the analysis has no result that can be shown")
	}
	f.Title += fmt.Sprintf(", %s customers, as of %s", text(a.GetPopulationSize()), day(a))
	f.warn(a.GetWarnings())
	return f, nil
}

// day is the last one that is in the analysis.
func day(a *profilev1.Analysis) string {
	zone, err := time.LoadLocation(a.GetTimeZone())
	if err != nil {
		zone = time.UTC
	}
	return a.GetAsOf().AsTime().Add(-time.Nanosecond).In(zone).Format(time.DateOnly)
}

func (f *Finding) warn(warnings []*apiv1.Warning) {
	for _, w := range warnings {
		f.Notes = append(f.Notes, w.GetMessage())
	}
}

func (f *Finding) funnel(r *profilev1.FunnelResult) {
	f.Title = "Funnel 漏斗"
	f.Header = []string{"step", "customers", "of first", "of previous", "dropped", "still open", "half within"}
	for _, s := range r.GetSteps() {
		row := []any{s.GetDisplayName(), s.GetReached(), rate(s.GetFromFirst()), rate(s.GetFromPrevious()), s.GetDropped(), s.GetStillOpen(), median(s.GetTimeFromPrevious())}
		if s.GetOptional() {
			row[0], row[4], row[5] = s.GetDisplayName()+" (optional)", nil, nil
		}
		f.Rows = append(f.Rows, row)
	}
	for _, g := range append(r.GetGroups(), r.GetOtherGroups()) {
		if len(g.GetReached()) == 0 {
			continue
		}
		name := g.GetValue()
		if g == r.GetOtherGroups() {
			name = "(others)"
		} else if name == "" {
			name = "(not known)"
		}
		f.Rows = append(f.Rows, []any{"of " + name, g.GetReached()[0], rate(g.GetConversion()), nil, nil, nil, nil})
	}
	if c := r.GetConversion(); c.GetN() > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%s of those who began came to the end (%.0f%% interval %s to %s, %s)",
			text(Share(c.GetValue())), 100*c.GetLevel(), text(Share(c.GetLow())), text(Share(c.GetHigh())), c.GetMethod()))
	}
	if a, ok := f.Answer.(*profilev1.Analysis); ok && len(r.GetSteps()) > 1 {
		f.Notes = append(f.Notes, fmt.Sprintf("who dropped out: kehu profile list-analysis-customers --parent %s --list %s --all", a.GetName(), r.GetSteps()[0].GetDroppedList()))
	}
}

func rate(r *profilev1.Rate) any {
	if r == nil || r.GetN() == 0 {
		return nil
	}
	return Share(r.GetValue())
}

// median is the time within which half of them were, for people.
func median(d *profilev1.Durations) any {
	for _, q := range d.GetQuantiles() {
		if q.GetPercent() == 50 {
			return duration(time.Duration(q.GetMilliseconds()) * time.Millisecond)
		}
	}
	return nil
}

func duration(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	default:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
}

func (f *Finding) retention(r *profilev1.RetentionResult) {
	f.Title = "Retention 留存: active again in the nth period after"
	f.Header = []string{"joined", "customers"}
	width := len(r.GetOverall())
	for n := range width {
		f.Header = append(f.Header, fmt.Sprint(n+1))
	}
	line := func(name string, size any, cells []*profilev1.RetentionCell) {
		row := []any{name, size}
		for n := range width {
			if n < len(cells) {
				row = append(row, rate(cells[n].GetClassicRate()))
			} else {
				row = append(row, nil)
			}
		}
		f.Rows = append(f.Rows, row)
	}
	for _, c := range r.GetCohorts() {
		line(c.GetPeriod(), c.GetSize(), c.GetCells())
	}
	line("all", nil, r.GetOverall())
	f.Notes = append(f.Notes, "a period that has not ended is left out; rolling and cumulative retention are in --format json")
}

func (f *Finding) paths(r *profilev1.PathsResult) {
	f.Title = "Paths 路径"
	f.Header = []string{"sessions", "share", "path"}
	for _, p := range r.GetPaths() {
		f.Rows = append(f.Rows, []any{p.GetSessions(), Share(p.GetShare()), strings.Join(p.GetSteps(), " → ")})
	}
	f.Notes = append(f.Notes, fmt.Sprintf("%s sessions, %s of them with such a path", text(r.GetSessions()), text(r.GetSessionsWithPath())))
}

// stageNames are those of the journey, none first.
var stageNames = []string{"none yet", "awareness 认知", "consideration 考虑", "decision 决策", "purchase 购买", "use 使用", "loyalty 忠诚"}

func (f *Finding) stages(r *profilev1.JourneyStagesResult) {
	f.Title = "Journey 旅程"
	f.Header = []string{"stage", "customers", "share", "came so far", "moved on", "half within"}
	for _, s := range r.GetStages() {
		f.Rows = append(f.Rows, []any{
			stageNames[s.GetStage()], s.GetCustomers(), rate(s.GetShare()), s.GetReached(), rate(s.GetMovedOn()), median(s.GetTimeAtStage()),
		})
	}
}

func (f *Finding) portrait(r *profilev1.PortraitResult) {
	f.Title = fmt.Sprintf("Portrait 画像 of %s", text(r.GetGroupSize()))
	f.Header = []string{"attribute", "value", "group", "share", "base", "index", "from", "to"}
	hidden := 0
	for _, d := range r.GetDistributions() {
		for _, b := range d.GetBins() {
			if b.GetSuppressed() {
				hidden++
				continue
			}
			row := []any{d.GetField(), binName(b), b.GetGroupCount(), Share(b.GetGroupShare()), Share(b.GetBaseShare()), nil, nil, nil}
			if i := b.GetIndex(); i != nil {
				row[5], row[6], row[7] = i.GetValue(), i.GetLow(), i.GetHigh()
			}
			f.Rows = append(f.Rows, row)
		}
	}
	f.Notes = append(f.Notes, "index 100 is as in the base; from and to are its interval")
	if hidden > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d values are not shown: they would tell of too few customers", hidden))
	}
}

func binName(b *profilev1.PortraitBin) string {
	switch b.GetKind() {
	case profilev1.PortraitBinKind_PORTRAIT_BIN_KIND_INTERVAL:
		switch {
		case b.Lower == nil:
			return "below " + number(b.GetUpper())
		case b.Upper == nil:
			return number(b.GetLower()) + " and up"
		default:
			return number(b.GetLower()) + " to " + number(b.GetUpper())
		}
	case profilev1.PortraitBinKind_PORTRAIT_BIN_KIND_OTHERS:
		return "(others)"
	case profilev1.PortraitBinKind_PORTRAIT_BIN_KIND_UNKNOWN:
		return "(not known)"
	default:
		return b.GetValue()
	}
}

func number(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00") }
