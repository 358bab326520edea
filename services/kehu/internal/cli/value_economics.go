package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

func newValueEconomics() *cobra.Command {
	var f struct {
		figuresFlags
		segments []string
		rate     float64
		currency string
	}
	cmd := &cobra.Command{
		Use:   "economics CUSTOMER",
		Short: "Show what a relationship has brought the customer and the company",
		Long: `Shows both sides of a relationship up to the last refresh of the valuations: the
customer's benefits less costs (客户系统经济学), and the company's margin less what it
costs to win, serve and keep the customer (客户盈利分析), from orders and from lines of
benefits and costs. Lines are made with kehu valuation create-economic-line.`,
		Example: "  kehu value economics c-1001 --segment vip --discount-rate 0.1",
	}
	f.addFor(cmd, 1, func(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
		if f.rate < 0 || f.rate > 10 {
			return nil, usageError{fmt.Errorf("--discount-rate must be a fraction a year, e.g. 0.1, is %v", f.rate)}
		}
		request := &valuationv1.GetCustomerEconomicsRequest{
			Name: named("customers/", args[0]), DiscountRate: f.rate, ReportingCurrencyCode: f.currency,
		}
		for _, segment := range f.segments {
			request.Segments = append(request.Segments, named("segments/", segment))
		}
		made, err := valuationv1.NewEconomicsServiceClient(conn).GetCustomerEconomics(ctx, request)
		if err != nil {
			return nil, err
		}
		return findings.Economics(made), nil
	})
	flags := cmd.Flags()
	flags.StringArrayVar(&f.segments, "segment", nil, "count the lines of this segment too, of which the customer is a member; may be given again")
	flags.Float64Var(&f.rate, "discount-rate", 0, "annual discount rate as a fraction, e.g. 0.1")
	flags.StringVar(&f.currency, "currency", "", "convert everything into this currency, by the exchange rates that profile keeps")
	return cmd
}
