package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// kpiFlags are those of segments kpis.
type kpiFlags struct {
	tellFlags
	from, to string
	limit    int
}

func newSegmentKpis() *cobra.Command {
	f := &kpiFlags{}
	cmd := f.command("kpis SEGMENT", "List how a segment did day by day, the latest first", 1, f.list)
	cmd.Flags().StringVar(&f.from, "from", "", "first day to list, e.g. 2026-11-01 (default: the first measured)")
	cmd.Flags().StringVar(&f.to, "to", "", "last day to list (default: the last measured)")
	cmd.Flags().IntVar(&f.limit, "limit", 50, "most days to list")
	return cmd
}

func (f *kpiFlags) list(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if f.limit < 1 || f.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit must be from 1 to 1000, is %d", f.limit)}
	}
	from, err := calendarDay("from", f.from)
	if err != nil {
		return nil, err
	}
	to, err := calendarDay("to", f.to)
	if err != nil {
		return nil, err
	}
	answer, err := segmentationv1.NewSegmentKpiServiceClient(conn).ListSegmentKpis(ctx, &segmentationv1.ListSegmentKpisRequest{
		Parent: named("segments/", args[0]), From: from, To: to, PageSize: int32(f.limit),
	})
	if err != nil {
		return nil, err
	}
	return findings.SegmentKpis(args[0], answer, f.lang), nil
}

// calendarDay reads a date that a flag gives, nil where it is not given.
func calendarDay(flag, text string) (*date.Date, error) {
	if text == "" {
		return nil, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil, usageError{fmt.Errorf("--%s must be a date such as 2026-11-22, is %q", flag, text)}
	}
	return &date.Date{Year: int32(t.Year()), Month: int32(t.Month()), Day: int32(t.Day())}, nil
}
