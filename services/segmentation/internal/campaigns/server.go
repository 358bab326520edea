package campaigns

import (
	"context"
	"errors"
	"fmt"
	"slices"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// StartKind is the kind of operation that starts a campaign, as it is stored.
const StartKind = "start-campaign"

// Server answers the CampaignService.
type Server struct {
	segmentationv1.UnimplementedCampaignServiceServer
	Store      *Store
	Rules      Rules
	Asked      Rules // those that are to be answered: a fault where what one reads was never read
	Segments   Segments
	Facts      Facts
	Operations *operation.Manager
	Customers  *alias.Book
}

func (s *Server) meter() *Meter { return &Meter{s.Store, s.Facts} }

type startRun = operation.Run[*segmentationv1.StartCampaignRequest, StartState]

// Register makes the operations of StartCampaign run.
func (s *Server) Register(over func(context.Context, string) (bool, error)) error {
	starter := &Starter{s.Store, s.Asked, s.Segments, s.Facts, over}
	return operation.Register(s.Operations, StartKind, operation.Kind[*segmentationv1.StartCampaignRequest, StartState]{
		Run: func(ctx context.Context, run *startRun) (proto.Message, error) {
			id, err := campaignID("name", run.Request.GetName())
			if err != nil {
				return nil, err
			}
			started, err := starter.Start(ctx, id, run.Name, run.State, run)
			if err != nil {
				return nil, err
			}
			return campaignProto(started), nil
		},
	})
}

const campaignPattern = "campaigns/{campaign}"

func campaignID(field, name string) (id string, err error) {
	if err = aip.ParseName(field, name, campaignPattern, &id); err == nil && !idPattern.MatchString(id) {
		err = fault.Invalid(field, "must have the form %s", campaignPattern)
	}
	return id, err
}

func (s *Server) named(ctx context.Context, field, name string) (*Campaign, error) {
	id, err := campaignID(field, name)
	if err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, id)
}

func answer(c *Campaign, err error) (*segmentationv1.Campaign, error) {
	if err != nil {
		return nil, err
	}
	return campaignProto(c), nil
}

// GetCampaign returns one campaign.
func (s *Server) GetCampaign(ctx context.Context, r *segmentationv1.GetCampaignRequest) (*segmentationv1.Campaign, error) {
	return answer(s.named(ctx, "name", r.GetName()))
}

// ListCampaigns lists campaigns in the order of their ids.
func (s *Server) ListCampaigns(ctx context.Context, r *segmentationv1.ListCampaignsRequest) (*segmentationv1.ListCampaignsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := s.Store.Page(ctx, after, size)
	if err != nil {
		return nil, err
	}
	list := &segmentationv1.ListCampaignsResponse{Campaigns: each(found, campaignProto)}
	list.NextPageToken, err = aip.NextToken(next, r)
	return list, err
}

// check reports all that is wrong with a campaign.
func (s *Server) check(ctx context.Context, c *Campaign) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Rule != "" {
		if _, err := s.Rules.Compile(ctx, c.Rule); err != nil {
			return inRule(err)
		}
	}
	if c.Segment != "" {
		if err := s.Segments.Check(ctx, "segment", c.Segment); err != nil {
			return err
		}
	}
	for i, stratum := range c.Strata {
		if err := s.Segments.Check(ctx, fmt.Sprintf("strata[%d]", i), stratum); err != nil {
			return err
		}
	}
	return nil
}

// inRule names the campaign's field of a fault that names a segment definition's.
func inRule(err error) error {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) == 0 {
		return err
	}
	moved := *f
	moved.Violations = slices.Clone(f.Violations)
	for i := range moved.Violations {
		moved.Violations[i].Field = "rule"
	}
	return &moved
}

// CreateCampaign defines a campaign.
func (s *Server) CreateCampaign(ctx context.Context, r *segmentationv1.CreateCampaignRequest) (*segmentationv1.Campaign, error) {
	if !idPattern.MatchString(r.GetCampaignId()) {
		return nil, fault.Invalid("campaign_id", "must be 1 to 63 lower-case letters, digits and '-', and begin with a letter")
	}
	c := content(r.GetCampaignId(), r.GetCampaign())
	if err := s.check(ctx, c); err != nil {
		return nil, aip.Within("campaign", err)
	}
	var err error
	if c.Request, err = aip.KeyOf(r); err != nil {
		return nil, err
	}
	c.State, c.CreateTime = Draft, s.Store.instant()
	c.UpdateTime = c.CreateTime
	stored, err := s.Store.Get(ctx, c.ID)
	if err == nil {
		return s.again(c, stored)
	}
	if fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if r.GetValidateOnly() {
		return campaignProto(c), nil
	}
	if err = s.Store.Insert(ctx, c); errors.Is(err, docstore.ErrConflict) {
		if stored, err = s.Store.Get(ctx, c.ID); err == nil {
			return s.again(c, stored)
		}
	}
	return answer(c, err)
}

func (s *Server) again(c, stored *Campaign) (*segmentationv1.Campaign, error) {
	return answer(stored, c.Request.Repeats(stored.Request, "campaign", campaignName(c.ID), "CAMPAIGN_EXISTS"))
}

// The fields that an update changes: texts always, the others of a draft.
var (
	texts      = []string{"display_name", "display_name_zh", "description"}
	changeable = append(slices.Clone(texts), "segment", "rule", "holdout_share", "end_time", "currency_code", "level", "strata", "strategy", "action")
)

// take takes over fields of another campaign.
func (c *Campaign) take(from *Campaign, fields []string) {
	for _, field := range fields {
		switch field {
		case "display_name":
			c.NameEn = from.NameEn
		case "display_name_zh":
			c.NameZh = from.NameZh
		case "description":
			c.Description = from.Description
		case "segment", "rule": // of the audience there is one
			c.Segment, c.Rule = from.Segment, from.Rule
		case "holdout_share":
			c.Share = from.Share
		case "end_time":
			c.End = from.End
		case "currency_code":
			c.Currency = from.Currency
		case "level":
			c.Level = from.Level
		case "strata":
			c.Strata = from.Strata
		case "strategy":
			c.Strategy = from.Strategy
		case "action":
			c.Action = from.Action
		}
	}
}

// UpdateCampaign changes the fields that the mask names.
func (s *Server) UpdateCampaign(ctx context.Context, r *segmentationv1.UpdateCampaignRequest) (*segmentationv1.Campaign, error) {
	id, err := campaignID("campaign.name", r.GetCampaign().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), r.GetCampaign(), changeable)
	if err != nil {
		return nil, err
	}
	given := content(id, r.GetCampaign())
	change := func(c *Campaign) error {
		if err := etag.Check(r.GetCampaign().GetEtag(), c.Version); err != nil {
			return aip.Within("campaign", err)
		}
		if c.State != Draft {
			for _, f := range fields {
				if !slices.Contains(texts, f) {
					return started(id)
				}
			}
		}
		c.take(given, fields)
		return aip.Within("campaign", s.check(ctx, c))
	}
	if r.GetValidateOnly() {
		c, err := s.Store.Get(ctx, id)
		if err == nil {
			err = change(c)
		}
		return answer(c, err)
	}
	return answer(s.Store.Change(ctx, id, change))
}

// DeleteCampaign deletes a campaign with its assignments.
func (s *Server) DeleteCampaign(ctx context.Context, r *segmentationv1.DeleteCampaignRequest) (*emptypb.Empty, error) {
	c, err := s.named(ctx, "name", r.GetName())
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), c.Version); err != nil {
		return nil, err
	}
	if c.State == Starting || c.State == Running {
		return nil, fault.New(fault.FailedPrecondition, "CAMPAIGN_RUNNING", "campaign %q is being started or runs: end it first", c.ID)
	}
	if err = s.Store.Delete(ctx, c.ID, c.Version); errors.Is(err, docstore.ErrConflict) {
		return nil, fault.New(fault.Aborted, "ETAG_MISMATCH", "the campaign has changed since it was read; read it again and retry")
	}
	return &emptypb.Empty{}, err
}

// PlanCampaign tells how large an effect a campaign could find.
func (s *Server) PlanCampaign(ctx context.Context, r *segmentationv1.PlanCampaignRequest) (*segmentationv1.CampaignPlan, error) {
	c, err := s.named(ctx, "name", r.GetName())
	if err != nil {
		return nil, err
	}
	if c.State != Draft {
		return nil, started(c.ID)
	}
	plan, err := (&Planner{s.Store, s.Asked, s.Segments, s.Facts}).Plan(ctx, c)
	if err != nil {
		return nil, err
	}
	return planProto(c, plan), nil
}

// StartCampaign freezes the population and assigns it.
func (s *Server) StartCampaign(ctx context.Context, r *segmentationv1.StartCampaignRequest) (*longrunningpb.Operation, error) {
	if _, err := s.named(ctx, "name", r.GetName()); err != nil {
		return nil, err
	}
	return s.Operations.Start(ctx, StartKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// EndCampaign ends a running campaign before its planned end.
func (s *Server) EndCampaign(ctx context.Context, r *segmentationv1.EndCampaignRequest) (*segmentationv1.Campaign, error) {
	id, err := campaignID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return answer(s.meter().End(ctx, id))
}

// GetCampaignLift tells what a campaign has brought.
func (s *Server) GetCampaignLift(ctx context.Context, r *segmentationv1.GetCampaignLiftRequest) (*segmentationv1.CampaignLift, error) {
	c, err := s.named(ctx, "name", r.GetName())
	if err != nil {
		return nil, err
	}
	result, err := s.meter().Result(ctx, c)
	if err != nil {
		return nil, err
	}
	return liftOf(c, result)
}

// GetCampaignAssignment returns a customer's part.
func (s *Server) GetCampaignAssignment(ctx context.Context, r *segmentationv1.GetCampaignAssignmentRequest) (*segmentationv1.CampaignAssignment, error) {
	var id, customer string
	if err := aip.ParseName("name", r.GetName(), "campaigns/{campaign}/assignments/{customer}", &id, &customer); err != nil {
		return nil, err
	}
	c, err := s.named(ctx, "name", campaignName(id))
	if err != nil {
		return nil, err
	}
	// The part is that of the record that took part; of merged ones, the survivor's.
	d, err := s.Store.assignment(ctx, c, customer)
	if root := s.Customers.Root(ctx, customer); fault.KindOf(err) == fault.NotFound && root != customer {
		d, err = s.Store.assignment(ctx, c, root)
	}
	if err != nil {
		return nil, err
	}
	return assignmentProto(c, d), nil
}

// ListCampaignAssignments lists assignments in the order of the customers' ids.
func (s *Server) ListCampaignAssignments(ctx context.Context, r *segmentationv1.ListCampaignAssignmentsRequest) (*segmentationv1.ListCampaignAssignmentsResponse, error) {
	c, err := s.named(ctx, "parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := s.Store.page(ctx, c, after, size)
	if err != nil {
		return nil, err
	}
	list := &segmentationv1.ListCampaignAssignmentsResponse{
		Assignments: each(found, func(d *assignmentDoc) *segmentationv1.CampaignAssignment { return assignmentProto(c, d) }),
	}
	list.NextPageToken, err = aip.NextToken(next, r)
	return list, err
}

// StreamCampaignAssignments sends all assignments in the order of the customers' ids.
func (s *Server) StreamCampaignAssignments(r *segmentationv1.StreamCampaignAssignmentsRequest, stream grpc.ServerStreamingServer[segmentationv1.StreamCampaignAssignmentsResponse]) error {
	ctx := stream.Context()
	c, err := s.named(ctx, "parent", r.GetParent())
	if err != nil {
		return err
	}
	if !c.assigned() {
		return nil
	}
	for docs, err := range s.Store.all(ctx, c, r.GetAfter(), partSize) {
		if err != nil {
			return err
		}
		part := each(docs, func(d *assignmentDoc) *segmentationv1.CampaignAssignment { return assignmentProto(c, d) })
		if err := stream.Send(&segmentationv1.StreamCampaignAssignmentsResponse{Assignments: part}); err != nil {
			return err
		}
	}
	return nil
}
