package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

func newQuality() *cobra.Command {
	var f struct {
		figuresFlags
		lang   string
		top    int
		latest bool
	}
	cmd := &cobra.Command{
		Use:   "quality",
		Short: "Show what is wrong or missing in customers' records, what to fix first on top",
	}
	f.add(cmd, func(ctx context.Context, conn grpc.ClientConnInterface) (*findings.Finding, error) {
		if err := oneOf("lang", f.lang, "zh", "en"); err != nil {
			return nil, err
		}
		if f.top < 1 {
			return nil, usageError{fmt.Errorf("--top must be 1 or more, is %d", f.top)}
		}
		if f.latest {
			report, err := profilev1.NewDataQualityServiceClient(conn).GetDataQualityReport(ctx, &profilev1.GetDataQualityReportRequest{Name: "dataQualityReports/latest"})
			return findings.Quality(report, f.lang, f.top), err
		}
		report, err := findings.Assess(ctx, conn, reporter())
		return findings.Quality(report, f.lang, f.top), err
	})
	flags := cmd.Flags()
	flags.StringVar(&f.lang, "lang", language(os.Getenv), "language: zh or en (default: by LANG)")
	flags.IntVar(&f.top, "top", 10, "how many issues to show")
	flags.BoolVar(&f.latest, "latest", false, "show the latest report and check nothing anew")
	return cmd
}

func newLeads() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "leads",
		Short: "Show what the open leads should bring",
		Long:  "Shows figures about leads. To create and move them: kehu profile --help, under leads.",
	}
	var f struct {
		figuresFlags
		owner, zone string
		months      int32
	}
	forecast := &cobra.Command{
		Use:     "forecast",
		Short:   "Show by month and currency what the open leads should bring",
		Example: "  kehu leads forecast --owner wang.fang --months 6 --zone Asia/Shanghai",
	}
	f.add(forecast, func(ctx context.Context, conn grpc.ClientConnInterface) (*findings.Finding, error) {
		if _, err := time.LoadLocation(f.zone); err != nil {
			return nil, usageError{fmt.Errorf("--zone must be an IANA time zone, e.g. Asia/Shanghai, is %q", f.zone)}
		}
		made, err := profilev1.NewLeadServiceClient(conn).ForecastLeads(ctx, &profilev1.ForecastLeadsRequest{
			Owner: f.owner, Months: f.months, TimeZone: f.zone,
		})
		return findings.Forecast(made), err
	})
	flags := forecast.Flags()
	flags.StringVar(&f.owner, "owner", "", "only leads of this salesperson")
	flags.StringVar(&f.zone, "zone", "UTC", "IANA time zone that tells what day it is")
	flags.Int32Var(&f.months, "months", 12, "how many months, from the present one on")
	cmd.AddCommand(forecast)
	return cmd
}
