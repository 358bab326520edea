package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

func newFunnel() *cobra.Command {
	var f struct {
		analysisFlags
		steps             []string
		order, window, by string
	}
	cmd := &cobra.Command{
		Use:   "funnel",
		Short: "Show how far customers come along some steps, and who drops out",
		Long: `Shows how far customers come along some steps, and how many drop out at each. A
step is a type of event (page, screen, view, click, search, cart, purchase,
support, social, session, custom, or order for a recorded order), with :NAME for
events of that name only, and a question mark behind it where it may be left out.`,
		Example: `  kehu funnel --step page --step view --step 'cart:Product Added' --step order --window 7d
  kehu funnel --step order --step order --window 90d --by month`,
	}
	f.add(cmd, func(asked *profilev1.Analysis, _ *time.Location) error {
		funnel, err := funnelOf(f.steps, f.order, f.window, f.by)
		asked.Definition = &profilev1.Analysis_Funnel{Funnel: funnel}
		return err
	})
	flags := cmd.Flags()
	flags.StringArrayVar(&f.steps, "step", nil, "a step, e.g. view or 'cart:Product Added'; to be given again for each")
	flags.StringVar(&f.order, "order", "ordered", "ordered, strict (nothing else in between) or any_order")
	flags.StringVar(&f.window, "window", "30d", "longest time from the first step to the last, e.g. 30d or 1h")
	flags.StringVar(&f.by, "by", "", "break down by day, week or month, by a field of the customer (customer.region, age) or of the first event (context.campaign.source)")
	return cmd
}

func funnelOf(steps []string, order, within, by string) (*profilev1.Funnel, error) {
	if len(steps) == 0 {
		return nil, usageError{fmt.Errorf("--step must be given, once for each step, e.g. --step page --step cart --step order")}
	}
	if err := oneOf("order", order, "ordered", "strict", "any_order"); err != nil {
		return nil, err
	}
	length, err := window("window", within)
	if err != nil {
		return nil, err
	}
	funnel := &profilev1.Funnel{
		Order: profilev1.FunnelOrder(profilev1.FunnelOrder_value["FUNNEL_ORDER_"+strings.ToUpper(order)]), Window: durationpb.New(length),
	}
	for _, text := range steps {
		bare, optional := strings.CutSuffix(text, "?")
		event, err := selector("step", bare)
		if err != nil {
			return nil, err
		}
		funnel.Steps = append(funnel.Steps, &profilev1.FunnelStep{DisplayName: bare, Event: event, Optional: optional})
	}
	switch {
	case by == "":
	case by == "day" || by == "week" || by == "month":
		unit, err := unitOf("by", by)
		if err != nil {
			return nil, err
		}
		funnel.Breakdown = &profilev1.FunnelBreakdown{By: &profilev1.FunnelBreakdown_Period{Period: unit}}
	case strings.HasPrefix(by, "properties.") || strings.HasPrefix(by, "context."):
		funnel.Breakdown = &profilev1.FunnelBreakdown{By: &profilev1.FunnelBreakdown_EventField{EventField: by}}
	default:
		funnel.Breakdown = &profilev1.FunnelBreakdown{By: &profilev1.FunnelBreakdown_CustomerField{CustomerField: by}}
	}
	return funnel, nil
}

func newRetention() *cobra.Command {
	var f struct {
		analysisFlags
		unit, from, joins, returns string
		periods                    int32
	}
	cmd := &cobra.Command{
		Use:     "retention",
		Short:   "Show how many of those who joined in a period came back",
		Example: "  kehu retention --unit month --from 2026-01-01 --zone Asia/Shanghai",
	}
	f.add(cmd, func(asked *profilev1.Analysis, zone *time.Location) error {
		retention := &profilev1.Retention{Periods: f.periods}
		asked.Definition = &profilev1.Analysis_Retention{Retention: retention}
		var err error
		if retention.Unit, err = unitOf("unit", f.unit); err != nil {
			return err
		}
		if retention.StartTime, err = startOf("from", f.from, zone, 0); err != nil {
			return err
		}
		if f.asOf != "" { // the day behind the last is no cohort
			if retention.EndTime, err = startOf("as-of", f.asOf, zone, 0); err != nil {
				return err
			}
		}
		if retention.Joins, err = selector("joins", f.joins); err != nil {
			return err
		}
		if f.returns != "" {
			retention.Returns, err = selector("returns", f.returns)
		}
		return err
	})
	flags := cmd.Flags()
	flags.StringVar(&f.unit, "unit", "month", "length of a period: day, week or month")
	flags.StringVar(&f.from, "from", "", "a day of the first period, YYYY-MM-DD")
	flags.Int32Var(&f.periods, "periods", 12, "how many periods after that of joining")
	flags.StringVar(&f.joins, "joins", "order", "what makes a customer join: a type of event, with :NAME where needed")
	flags.StringVar(&f.returns, "returns", "", "what is a return (default: as --joins)")
	_ = cmd.MarkFlagRequired("from")
	return cmd
}

func newPaths() *cobra.Command {
	var f struct {
		analysisFlags
		from, to   string
		depth, top int32
	}
	cmd := &cobra.Command{
		Use:     "paths",
		Short:   "Show the most frequent ways through a session",
		Example: "  kehu paths --to purchase\n  kehu paths --from 'page:Home' --depth 4",
	}
	f.add(cmd, func(asked *profilev1.Analysis, _ *time.Location) (err error) {
		paths := &profilev1.Paths{Direction: profilev1.PathDirection_PATH_DIRECTION_FROM, Depth: f.depth, MaxPaths: f.top}
		asked.Definition = &profilev1.Analysis_Paths{Paths: paths}
		flag, anchor := "from", f.from
		if f.to != "" {
			flag, anchor, paths.Direction = "to", f.to, profilev1.PathDirection_PATH_DIRECTION_TO
		}
		if anchor != "" {
			paths.Anchor, err = selector(flag, anchor)
		}
		return err
	})
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "paths that begin with this event: TYPE or TYPE:NAME (default: with the session)")
	flags.StringVar(&f.to, "to", "", "paths that end with this event")
	flags.Int32Var(&f.depth, "depth", 5, "most events of a path")
	flags.Int32Var(&f.top, "top", 10, "how many paths to show")
	cmd.MarkFlagsMutuallyExclusive("from", "to")
	return cmd
}

func newJourney() *cobra.Command {
	var f analysisFlags
	cmd := &cobra.Command{
		Use:   "journey",
		Short: "Show at which stage of their journey customers are",
	}
	f.add(cmd, func(asked *profilev1.Analysis, _ *time.Location) error {
		asked.Definition = &profilev1.Analysis_JourneyStages{JourneyStages: &profilev1.JourneyStages{}}
		return nil
	})
	return cmd
}

func newPortrait() *cobra.Command {
	var f struct {
		analysisFlags
		group, of    []string
		groupSegment string
	}
	cmd := &cobra.Command{
		Use:   "portrait",
		Short: "Show who the customers of a group are, against all others",
		Long: `Shows how attributes are spread over a group (--group, --group-segment), against
the customers it belongs to (--where, --segment). An index of 120 is a share that
is 1.2 times as large as among all.`,
		Example: `  kehu portrait --group-segment vip --of age --of customer.gender --of customer.region
  kehu portrait --group 'orders.count>=5' --of orders.average.CNY`,
	}
	f.add(cmd, func(asked *profilev1.Analysis, _ *time.Location) (err error) {
		portrait := &profilev1.Portrait{}
		asked.Definition = &profilev1.Analysis_Portrait{Portrait: portrait}
		for _, field := range f.of {
			portrait.Attributes = append(portrait.Attributes, &profilev1.PortraitAttribute{Field: field})
		}
		portrait.Group, err = population("group", f.group, f.groupSegment)
		return err
	})
	flags := cmd.Flags()
	flags.StringArrayVar(&f.group, "group", nil, "the group: customers of whom this holds, e.g. 'customer.region=广东'; may be given again")
	flags.StringVar(&f.groupSegment, "group-segment", "", "the group: members of this published segment")
	flags.StringArrayVar(&f.of, "of", []string{"age", "customer.gender", "customer.region", "customer.acquisition"}, "an attribute to look at; may be given again")
	return cmd
}
