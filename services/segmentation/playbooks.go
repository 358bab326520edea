package segmentation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/segmentation/internal/campaigns"
	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/handler"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
	"github.com/kehuhq/kehu/services/segmentation/internal/strategies"
)

const (
	// automationInterval is how long automation waits when there is nothing to do.
	automationInterval = 500 * time.Millisecond
	// eventPoll is how often a stream that waits looks for more events.
	eventPoll = 2 * time.Second
)

// playbooks are strategies with their automation, and campaigns.
type playbooks struct {
	strategies *strategies.Server
	actions    *strategies.ActionServer
	automation *strategies.Automation
	campaigns  *campaigns.Server
	meter      *campaigns.Meter
	log        *slog.Logger
}

func openPlaybooks(ctx context.Context, deps Deps, opened *parts, operations *operation.Manager, customers *alias.Book) (*playbooks, error) {
	books, errStrategies := strategies.OpenStore(ctx, deps.Engine, deps.Clock)
	trials, errCampaigns := campaigns.OpenStore(ctx, deps.Engine, deps.Clock)
	if err := errors.Join(errStrategies, errCampaigns); err != nil {
		return nil, err
	}
	profile := strategies.Profile{Consents: profilev1.NewConsentServiceClient(deps.Profile), Styles: profilev1.NewStyleServiceClient(deps.Profile)}
	segments := segmentsOf{opened.store.Segments, opened.standings, opened.formed}
	measured := measuredBy{trials}
	p := &playbooks{
		strategies: &strategies.Server{Store: books, Rules: opened.criteria, Segments: segments},
		actions: &strategies.ActionServer{
			Store: books, Customers: customers, Poll: eventPoll,
			Adviser: &strategies.Adviser{
				Store: books, Rules: tellingRules{opened}, Segments: segments, Facts: opened.facts, Consents: profile, Campaigns: measured, Styles: profile,
			},
		},
		automation: &strategies.Automation{
			Store: books, Moves: movesOf{opened.standings}, Rules: readableRules{opened}, Segments: segments, Facts: opened.facts,
			Consents: profile, Campaigns: measured,
		},
		campaigns: &campaigns.Server{
			Store: trials, Rules: opened.criteria, Asked: readableRules{opened}, Segments: segments, Facts: opened.facts, Operations: operations, Customers: customers,
		},
		meter: &campaigns.Meter{Store: trials, Facts: opened.facts},
		log:   deps.Logger,
	}
	return p, p.campaigns.Register(func(ctx context.Context, name string) (bool, error) { return over(ctx, operations, name) })
}

// over tells whether an operation is done, or gone for so long that it was removed.
func over(ctx context.Context, operations *operation.Manager, name string) (bool, error) {
	op, err := operations.Get(ctx, name)
	if fault.ReasonOf(err) == "OPERATION_NOT_FOUND" {
		return true, nil
	}
	return op.GetDone(), err
}

func (p *playbooks) register(r grpc.ServiceRegistrar) {
	segmentationv1.RegisterStrategyServiceServer(r, p.strategies)
	segmentationv1.RegisterActionServiceServer(r, p.actions)
	segmentationv1.RegisterCampaignServiceServer(r, p.campaigns)
}

// automate delivers actions until ctx ends.
func (p *playbooks) automate(ctx context.Context) error {
	p.automation.Run(ctx, automationInterval, func(err error) {
		p.log.WarnContext(ctx, "actions cannot be delivered now; they are tried again", slog.Any("error", err))
	})
	return nil
}

// sweep removes what nobody needs any more.
func (p *playbooks) sweep(ctx context.Context, before time.Time) error {
	return errors.Join(p.strategies.Store.Sweep(ctx, before), p.campaigns.Store.Sweep(ctx, before))
}

// naming are the strategies, and the campaigns that have not ended, that name a segment.
func (p *playbooks) naming(ctx context.Context, segment string) ([]string, error) {
	books, errStrategies := p.strategies.Store.Naming(ctx, segment)
	trials, errCampaigns := p.campaigns.Store.Naming(ctx, segment)
	return append(books, trials...), errors.Join(errStrategies, errCampaigns)
}

// keepers are what keeps records of persons.
func (p *playbooks) keepers() []handler.Keeper {
	return []handler.Keeper{&strategies.Personal{Store: p.strategies.Store, Automation: p.automation}, p.campaigns.Store}
}

// segmentsOf is what strategies, campaigns and key figures ask of segments.
type segmentsOf struct {
	segments  *store.Segments
	standings *standing.Standings
	criterion func(context.Context, domain.Segment) (criterion.Criterion, error)
}

// Check names the field in the fault where there is no such segment.
func (s segmentsOf) Check(ctx context.Context, field, segment string) error {
	_, err := s.segments.Get(ctx, segment)
	if fault.ReasonOf(err) == "SEGMENT_NOT_FOUND" {
		f := fault.Invalid(field, "there is no segment %q", segment)
		f.Reason = "SEGMENT_UNKNOWN"
		return f
	}
	return err
}

func (s segmentsOf) Criterion(ctx context.Context, segment string) (criterion.Criterion, error) {
	found, err := s.segments.Get(ctx, segment)
	if err != nil {
		return nil, err
	}
	return s.criterion(ctx, found)
}

func (s segmentsOf) Of(ctx context.Context, customers []string) ([][]strategies.Stay, error) {
	all, err := s.standings.OfMany(ctx, customers)
	if err != nil {
		return nil, err
	}
	of := make([][]strategies.Stay, len(all))
	for i := range all {
		for _, stay := range all[i].Stays {
			if stay.Shown {
				of[i] = append(of[i], strategies.Stay{Segment: stay.Segment, Since: stay.Entered})
			}
		}
	}
	return of, nil
}

func (s segmentsOf) In(ctx context.Context, customers []string) ([][]string, error) {
	return s.standings.SegmentsOf(ctx, customers)
}

func (s segmentsOf) Size(ctx context.Context, segment string) (members, generation int64, err error) {
	page, err := s.standings.Members(ctx, segment, 0, "", 1)
	if err == nil && page.Generation == 0 {
		err = fault.New(fault.FailedPrecondition, "SEGMENT_NOT_PUBLISHED", "segment %q has not been formed: publish it first", segment).
			With("segment", "segments/"+segment)
	}
	return page.Total, page.Generation, err
}

func (s segmentsOf) Members(ctx context.Context, segment string, generation int64, after string, size int) ([]string, bool, error) {
	page, err := s.standings.Members(ctx, segment, generation, after, size)
	customers := make([]string, len(page.Members))
	for i, m := range page.Members {
		customers[i] = m.Customer
	}
	return customers, page.More, err
}

func (s segmentsOf) Flows(ctx context.Context, segment string, after, upTo int64) (entered, left int64, err error) {
	return s.standings.Flows(ctx, segment, after, upTo)
}

// movesOf is the feed of moves.
type movesOf struct{ standings *standing.Standings }

func (m movesOf) Feed(ctx context.Context, cursor string, limit int) ([]strategies.Move, string, error) {
	batch, err := m.standings.Feed(ctx, cursor, limit)
	moves := make([]strategies.Move, len(batch.Moves))
	for i, v := range batch.Moves {
		moves[i] = strategies.Move{
			Segment: v.Segment, Customer: v.Customer, Left: v.Left, At: v.At, Generation: v.Generation, Cause: v.Cause.Kind,
		}
	}
	return moves, batch.Cursor, err
}

// measuredBy is what strategies ask of campaigns.
type measuredBy struct{ campaigns *campaigns.Store }

func (m measuredBy) HeldOut(ctx context.Context, customer, strategy, action string) (string, error) {
	return m.campaigns.HeldOut(ctx, customer, strategy, action)
}

func (m measuredBy) Measured(ctx context.Context, id string) (strategies.Measurement, error) {
	c, err := m.campaigns.Get(ctx, id)
	if err != nil || c.Result == nil {
		return strategies.Measurement{}, err
	}
	l, err := campaigns.Measured(c)
	if err != nil || l == nil {
		return strategies.Measurement{}, err
	}
	a := l.Absolute
	return strategies.Measurement{
		Ended: true, Lift: a.Value, Low: a.Low, High: a.High, Level: a.Level, Method: string(a.Method), Currency: c.Currency,
	}, nil
}
