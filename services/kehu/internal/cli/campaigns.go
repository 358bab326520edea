package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// campaignFlags are those of the subcommands of campaigns.
type campaignFlags struct {
	tellFlags
	name, segment, rule, until, currency, strategy, action string
	holdout, level                                         float64
	days                                                   int
	strata                                                 []string
	limit                                                  int32
}

func newCampaigns() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaigns",
		Short: "Try actions against a random hold-out, and measure what they bring (营销活动)",
		Long: `Campaigns (营销活动) with a random hold-out: the customers of a segment or rule are frozen
and split by a hash; what differs then between those treated and those held out is what the
action brings. docs/campaigns.md says how to read the figures.`,
	}
	f := &campaignFlags{}
	create := f.command("create CAMPAIGN", "Define a campaign, as a draft", 1, f.create)
	flags := create.Flags()
	flags.StringVar(&f.name, "name", "", "name to show (default: its id)")
	flags.StringVar(&f.segment, "segment", "", "segment whose customers take part")
	flags.StringVar(&f.rule, "rule", "", "or rule that holds for those who take part, e.g. 'orders.count >= 1'")
	flags.Float64Var(&f.holdout, "holdout", 0.1, "share of the customers that is held out")
	flags.IntVar(&f.days, "days", 28, "how many days from now on orders count")
	flags.StringVar(&f.until, "until", "", "or until when, e.g. 2026-06-01T00:00:00Z")
	flags.StringVar(&f.currency, "currency", "CNY", "ISO 4217 code of the revenue to compare")
	flags.Float64Var(&f.level, "level", 0.95, "confidence level of the intervals")
	flags.StringSliceVar(&f.strata, "stratum", nil, "segment by which to tell the lift too; may be given again")
	flags.StringVar(&f.strategy, "strategy", "", "strategy whose events those held out do not get (default: all)")
	flags.StringVar(&f.action, "action", "", "only this action of the strategy")
	assignments := f.command("assignments CAMPAIGN", "List who is treated and who is held out", 1, f.assignments)
	assignments.Flags().Int32Var(&f.limit, "limit", 50, "most customers to list")
	cmd.AddCommand(
		f.command("list", "List campaigns", 0, f.list), f.command("get CAMPAIGN", "Show a campaign", 1, f.get), create,
		f.command("plan CAMPAIGN", "Say how large an effect a campaign could find, before it is started", 1, f.plan),
		f.command("start CAMPAIGN", "Freeze the population and split it", 1, f.start),
		f.command("lift CAMPAIGN", "Say what a campaign has brought so far, or in the end", 1, f.lift),
		f.command("end CAMPAIGN", "End a campaign before its planned end", 1, f.end),
		f.command("delete CAMPAIGN", "Delete a campaign with its assignments", 1, f.delete), assignments)
	return cmd
}

func campaigns(conn grpc.ClientConnInterface) segmentationv1.CampaignServiceClient {
	return segmentationv1.NewCampaignServiceClient(conn)
}

func (f *campaignFlags) shown(c *segmentationv1.Campaign, err error) (*findings.Finding, error) {
	if err != nil {
		return nil, err
	}
	return findings.Campaign(c, f.lang), nil
}

func (f *campaignFlags) list(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
	found, err := campaigns(conn).ListCampaigns(ctx, &segmentationv1.ListCampaignsRequest{PageSize: 1000})
	if err != nil {
		return nil, err
	}
	return findings.Campaigns(found, f.lang), nil
}

func (f *campaignFlags) get(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	return f.shown(campaigns(conn).GetCampaign(ctx, &segmentationv1.GetCampaignRequest{Name: named("campaigns/", args[0])}))
}

func (f *campaignFlags) create(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if f.days < 1 && f.until == "" {
		return nil, usageError{fmt.Errorf("--days must be at least 1, is %d", f.days)}
	}
	end := time.Now().AddDate(0, 0, f.days)
	if f.until != "" {
		var err error
		if end, err = time.Parse(time.RFC3339, f.until); err != nil {
			return nil, usageError{fmt.Errorf("--until must be an instant, e.g. 2026-06-01T00:00:00Z, is %q", f.until)}
		}
	}
	c := &segmentationv1.Campaign{
		DisplayName: f.name, HoldoutShare: f.holdout, EndTime: timestamppb.New(end), CurrencyCode: f.currency, Level: f.level, Action: f.action,
	}
	if c.DisplayName == "" {
		c.DisplayName = args[0]
	}
	switch {
	case (f.segment == "") == (f.rule == ""):
		return nil, usageError{fmt.Errorf("give either --segment or --rule")}
	case f.segment != "":
		c.Audience = &segmentationv1.Campaign_Segment{Segment: named("segments/", f.segment)}
	default:
		c.Audience = &segmentationv1.Campaign_Rule{Rule: f.rule}
	}
	for _, s := range f.strata {
		c.Strata = append(c.Strata, named("segments/", s))
	}
	if f.strategy != "" {
		c.Strategy = named("strategies/", f.strategy)
	}
	return f.shown(campaigns(conn).CreateCampaign(ctx, &segmentationv1.CreateCampaignRequest{Campaign: c, CampaignId: args[0]}))
}

func (f *campaignFlags) plan(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	found, err := campaigns(conn).PlanCampaign(ctx, &segmentationv1.PlanCampaignRequest{Name: named("campaigns/", args[0])})
	if err != nil {
		return nil, err
	}
	return findings.CampaignPlan(found, f.lang), nil
}

func (f *campaignFlags) start(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	c := new(segmentationv1.Campaign)
	operation, err := campaigns(conn).StartCampaign(ctx, &segmentationv1.StartCampaignRequest{Name: named("campaigns/", args[0])})
	return f.shown(c, await(ctx, conn, operation, err, c))
}

func (f *campaignFlags) lift(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	found, err := campaigns(conn).GetCampaignLift(ctx, &segmentationv1.GetCampaignLiftRequest{Name: named("campaigns/", args[0])})
	if err != nil {
		return nil, err
	}
	return findings.CampaignLift(found, f.lang), nil
}

func (f *campaignFlags) end(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	return f.shown(campaigns(conn).EndCampaign(ctx, &segmentationv1.EndCampaignRequest{Name: named("campaigns/", args[0])}))
}

func (f *campaignFlags) delete(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	name := named("campaigns/", args[0])
	answer, err := campaigns(conn).DeleteCampaign(ctx, &segmentationv1.DeleteCampaignRequest{Name: name})
	return &findings.Finding{Title: name + " is deleted", Answer: answer}, err
}

func (f *campaignFlags) assignments(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if f.limit < 1 || f.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit must be from 1 to 1000, is %d", f.limit)}
	}
	found, err := campaigns(conn).ListCampaignAssignments(ctx, &segmentationv1.ListCampaignAssignmentsRequest{Parent: named("campaigns/", args[0]), PageSize: f.limit})
	if err != nil {
		return nil, err
	}
	return findings.CampaignAssignments(found), nil
}
