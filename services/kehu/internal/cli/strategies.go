package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// strategyFlags are those of the subcommands of strategies.
type strategyFlags struct {
	tellFlags
	file, template, segment, cursor, customer, strategy, state string
	follow                                                     bool
	limit                                                      int32
	revision                                                   int64
}

func newStrategies() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "strategies",
		Short: "Keep playbooks for segments, and see what to do next with customers (策略)",
		Long: `Playbooks for segments (策略): what to do with their customers, what is best done next
with one of them, and what entering and leaving segments has triggered.`,
	}
	f := &strategyFlags{}
	list := f.command("list", "List strategies", 0, f.list)
	list.Flags().StringVar(&f.segment, "segment", "", "only strategies for this segment")
	get := f.command("get STRATEGY", "Show a strategy with its actions", 1, f.get)
	get.Flags().Int64Var(&f.revision, "revision", 0, "as it was in this revision")
	create := f.command("create STRATEGY", "Make a strategy from a template, or from a file", 1, f.create)
	create.Flags().StringVar(&f.template, "template", "", "template to make it from: see templates")
	create.Flags().StringVar(&f.segment, "segment", "", "segment that it is for")
	update := f.command("update STRATEGY", "Change a strategy as a file says; fields that the file has not stay", 1, f.update)
	for _, c := range []*cobra.Command{create, update} {
		c.Flags().StringVar(&f.file, "file", "", "file with the strategy as JSON, as get --format json shows it; - for standard input")
	}
	events := f.command("events", "List what entering and leaving segments has triggered", 0, f.events)
	events.Flags().StringVar(&f.customer, "customer", "", "only events of this customer")
	events.Flags().StringVar(&f.strategy, "strategy", "", "only events of this strategy")
	events.Flags().StringVar(&f.state, "state", "", "only events that are waiting, delivered or suppressed")
	events.Flags().Int32Var(&f.limit, "limit", 50, "most events to list")
	events.Flags().BoolVar(&f.follow, "follow", false, "write delivered events as they come, until interrupted")
	events.Flags().StringVar(&f.cursor, "cursor", "", "with --follow: begin behind this, as written to standard error at the end")
	f.streaming(events, func() bool { return f.follow }, f.watch)
	cmd.AddCommand(list, get, create, update,
		f.command("delete STRATEGY", "Delete a strategy with its revisions", 1, f.delete),
		f.command("pause STRATEGY", "Have a strategy deliver nothing", 1, f.pause),
		f.command("activate STRATEGY", "End the pause of a strategy", 1, f.activate),
		f.command("revisions STRATEGY", "List the revisions of a strategy, newest first", 1, f.revisions),
		f.command("templates", "List playbooks to start from", 0, f.templates),
		f.command("next CUSTOMER", "Say what is best done next with a customer, and why", 1, f.next),
		events)
	return cmd
}

func strategies(conn grpc.ClientConnInterface) segmentationv1.StrategyServiceClient {
	return segmentationv1.NewStrategyServiceClient(conn)
}

func (f *strategyFlags) shown(s *segmentationv1.Strategy, err error) (*findings.Finding, error) {
	if err != nil {
		return nil, err
	}
	return findings.Strategy(s, f.lang), nil
}

func (f *strategyFlags) list(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
	r := &segmentationv1.ListStrategiesRequest{PageSize: 1000}
	if f.segment != "" {
		r.Segment = named("segments/", f.segment)
	}
	found, err := strategies(conn).ListStrategies(ctx, r)
	if err != nil {
		return nil, err
	}
	return findings.Strategies(found, f.lang), nil
}

func (f *strategyFlags) get(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	name := named("strategies/", args[0])
	if f.revision > 0 {
		return f.shown(strategies(conn).GetStrategyRevision(ctx, &segmentationv1.GetStrategyRevisionRequest{Name: fmt.Sprintf("%s/revisions/%d", name, f.revision)}))
	}
	return f.shown(strategies(conn).GetStrategy(ctx, &segmentationv1.GetStrategyRequest{Name: name}))
}

func (f *strategyFlags) create(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if (f.template == "") == (f.file == "") {
		return nil, usageError{errors.New("give either --template or --file")}
	}
	made := &segmentationv1.Strategy{}
	if f.file != "" {
		if err := readMessage(f.file, made); err != nil {
			return nil, err
		}
	} else {
		all, err := strategies(conn).ListStrategyTemplates(ctx, &segmentationv1.ListStrategyTemplatesRequest{PageSize: 1000})
		if err != nil {
			return nil, err
		}
		found := false
		for _, t := range all.GetTemplates() {
			if t.GetName() == named("strategyTemplates/", f.template) {
				made, found = t.GetStrategy(), true
			}
		}
		if !found {
			return nil, usageError{fmt.Errorf("there is no template %q: see kehu strategies templates", f.template)}
		}
	}
	if f.segment != "" {
		made.Segment = named("segments/", f.segment)
	}
	made.Name, made.Etag = "", ""
	return f.shown(strategies(conn).CreateStrategy(ctx, &segmentationv1.CreateStrategyRequest{Strategy: made, StrategyId: args[0]}))
}

func (f *strategyFlags) update(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if f.file == "" {
		return nil, usageError{errors.New("give --file")}
	}
	changed := &segmentationv1.Strategy{}
	if err := readMessage(f.file, changed); err != nil {
		return nil, err
	}
	changed.Name = named("strategies/", args[0])
	return f.shown(strategies(conn).UpdateStrategy(ctx, &segmentationv1.UpdateStrategyRequest{Strategy: changed}))
}

// readMessage reads a message as JSON from a file, or from standard input.
func readMessage(file string, into proto.Message) error {
	content, err := os.ReadFile(file)
	if file == "-" {
		content, err = io.ReadAll(os.Stdin)
	}
	if err != nil {
		return err
	}
	if err := protojson.Unmarshal(content, into); err != nil {
		return usageError{fmt.Errorf("%s: %w", file, err)}
	}
	return nil
}

func (f *strategyFlags) delete(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	name := named("strategies/", args[0])
	answer, err := strategies(conn).DeleteStrategy(ctx, &segmentationv1.DeleteStrategyRequest{Name: name})
	return &findings.Finding{Title: name + " is deleted", Answer: answer}, err
}

func (f *strategyFlags) pause(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	return f.shown(strategies(conn).PauseStrategy(ctx, &segmentationv1.PauseStrategyRequest{Name: named("strategies/", args[0])}))
}

func (f *strategyFlags) activate(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	return f.shown(strategies(conn).ActivateStrategy(ctx, &segmentationv1.ActivateStrategyRequest{Name: named("strategies/", args[0])}))
}

func (f *strategyFlags) revisions(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	found, err := strategies(conn).ListStrategyRevisions(ctx, &segmentationv1.ListStrategyRevisionsRequest{Parent: named("strategies/", args[0]), PageSize: 1000})
	if err != nil {
		return nil, err
	}
	return findings.StrategyRevisions(found, f.lang), nil
}

func (f *strategyFlags) templates(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
	found, err := strategies(conn).ListStrategyTemplates(ctx, &segmentationv1.ListStrategyTemplatesRequest{PageSize: 1000})
	if err != nil {
		return nil, err
	}
	return findings.StrategyTemplates(found, f.lang), nil
}

func (f *strategyFlags) next(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	found, err := segmentationv1.NewActionServiceClient(conn).GetNextBestAction(ctx, &segmentationv1.GetNextBestActionRequest{
		Name: named("customers/", args[0]) + "/nextBestAction",
	})
	if err != nil {
		return nil, err
	}
	return findings.NextBestAction(found, f.lang), nil
}

func (f *strategyFlags) events(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
	if f.limit < 1 || f.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit must be from 1 to 1000, is %d", f.limit)}
	}
	r := &segmentationv1.ListActionEventsRequest{PageSize: f.limit, CustomerId: f.customer}
	if f.strategy != "" {
		r.Strategy = named("strategies/", f.strategy)
	}
	if f.state != "" {
		state, known := segmentationv1.ActionEventState_value["ACTION_EVENT_STATE_"+upper(f.state)]
		if !known || state == 0 {
			return nil, usageError{fmt.Errorf("--state must be waiting, delivered or suppressed, is %q", f.state)}
		}
		r.State = segmentationv1.ActionEventState(state)
	}
	client := segmentationv1.NewActionServiceClient(conn)
	found, err := client.ListActionEvents(ctx, r)
	if err != nil {
		return nil, err
	}
	state, err := client.GetAutomationState(ctx, &segmentationv1.GetAutomationStateRequest{Name: "automationState"})
	if err != nil {
		return nil, err
	}
	return findings.ActionEvents(found, state, f.lang), nil
}

func (f *strategyFlags) watch(ctx context.Context, conn grpc.ClientConnInterface, _ []string) error {
	stream, err := segmentationv1.NewActionServiceClient(conn).WatchActionEvents(ctx, &segmentationv1.WatchActionEventsRequest{Cursor: f.cursor})
	if err != nil {
		return err
	}
	return follow(ctx, f.cursor, stream.Recv, func(next *segmentationv1.WatchActionEventsResponse) error {
		if e := next.GetActionEvent(); e != nil {
			return f.line(e, findings.ActionEventLine(e, f.lang))
		}
		return nil
	})
}
