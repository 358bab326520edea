package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// modelsFlags are those of the subcommands of models.
type modelsFlags struct {
	tellFlags
	until, holdout, zone, currency, kinds, role string
	champions                                   bool
	limit                                       int
}

func newModels() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "Fit models to purchase histories, compare them, say with which to predict",
		Long: `Models of a running server: BG/NBD, MBG/NBD and Pareto/NBD of purchases, Gamma-Gamma
of spend, and the regression that they have to beat. Without a server, on a file:
kehu value fit.`,
	}
	f := &modelsFlags{}
	fit := f.command("fit", "Fit models to the orders up to a day, and hold them against those behind it", 0, f.fit)
	fit.Flags().StringVar(&f.until, "calibration-end", "", "last day of the orders to fit to, YYYY-MM-DD")
	fit.Flags().StringVar(&f.holdout, "end", "", "last day of the hold-out, YYYY-MM-DD (default: none)")
	fit.Flags().StringVar(&f.zone, "zone", "UTC", "IANA time zone in which days begin, e.g. Asia/Shanghai")
	fit.Flags().StringVar(&f.currency, "currency", "", "currency of spend, ISO 4217 (default: that of most orders)")
	fit.Flags().StringVar(&f.kinds, "model", "all", "all, or some of bg-nbd,mbg-nbd,pareto-nbd,gamma-gamma,poisson-regression")
	_ = fit.MarkFlagRequired("calibration-end")
	list := f.command("list", "List models, the newest first", 0, f.list)
	list.Flags().BoolVar(&f.champions, "champions", false, "only those with which predictions are made")
	list.Flags().IntVar(&f.limit, "limit", 20, "most models to list")
	promote := f.command("promote MODEL", "Predict with this model from now on", 1, f.promote)
	promote.Flags().StringVar(&f.role, "role", "", "purchases, churn or spend (default: all that it can)")
	cmd.AddCommand(fit, list, f.command("show MODEL", "Show a model, how it predicted what was held out, and how to read that", 1, f.show), promote)
	return cmd
}

func (f *modelsFlags) fit(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
	request := &valuationv1.FitModelsRequest{CalibrationEndDate: f.until, HoldoutEndDate: f.holdout, TimeZone: f.zone, CurrencyCode: f.currency}
	if f.kinds != "all" {
		for _, kind := range strings.Split(f.kinds, ",") {
			value, known := valuationv1.ModelKind_value["MODEL_KIND_"+upper(kind)]
			if !known || value == 0 {
				return nil, usageError{fmt.Errorf("--model must be all, or some of bg-nbd,mbg-nbd,pareto-nbd,gamma-gamma,poisson-regression, is %q", f.kinds)}
			}
			request.Kinds = append(request.Kinds, valuationv1.ModelKind(value))
		}
	}
	fitted, err := analysis.Fit(ctx, conn, request, reporter())
	if err != nil {
		return nil, err
	}
	return findings.Models(fitted.GetModels(), fitted), nil
}

func upper(kind string) string {
	return strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(kind)), "-", "_")
}

func (f *modelsFlags) list(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
	answer, err := valuationv1.NewModelServiceClient(conn).ListModels(ctx, &valuationv1.ListModelsRequest{PageSize: int32(f.limit), ChampionsOnly: f.champions})
	if err != nil {
		return nil, err
	}
	return findings.Models(answer.GetModels(), answer), nil
}

func (f *modelsFlags) show(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	d, err := valuationv1.NewModelServiceClient(conn).DiagnoseModel(ctx, &valuationv1.DiagnoseModelRequest{Name: named("models/", args[0])})
	if err != nil {
		return nil, err
	}
	return findings.Model(d, f.lang), nil
}

func (f *modelsFlags) promote(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	request := &valuationv1.PromoteModelRequest{Name: named("models/", args[0])}
	if f.role != "" {
		if err := oneOf("role", f.role, "purchases", "churn", "spend"); err != nil {
			return nil, err
		}
		request.Role = valuationv1.ModelRole(valuationv1.ModelRole_value["MODEL_ROLE_"+upper(f.role)])
	}
	m, err := valuationv1.NewModelServiceClient(conn).PromoteModel(ctx, request)
	if err != nil {
		return nil, err
	}
	return findings.Models([]*valuationv1.Model{m}, m), nil
}
