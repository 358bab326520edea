package strategies

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/types/known/emptypb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// Server answers the StrategyService.
type Server struct {
	segmentationv1.UnimplementedStrategyServiceServer
	Store    *Store
	Rules    Rules
	Segments Segments
}

const strategyPattern = "strategies/{strategy}"

func strategyID(field, name string) (id string, err error) {
	if err = aip.ParseName(field, name, strategyPattern, &id); err == nil && !idPattern.MatchString(id) {
		err = fault.Invalid(field, "must have the form %s", strategyPattern)
	}
	return id, err
}

// GetStrategy returns one strategy.
func (s *Server) GetStrategy(ctx context.Context, r *segmentationv1.GetStrategyRequest) (*segmentationv1.Strategy, error) {
	id, err := strategyID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return answer(s.Store.Get(ctx, id))
}

func answer(found *Strategy, err error) (*segmentationv1.Strategy, error) {
	if err != nil {
		return nil, err
	}
	return strategyProto(found), nil
}

// ListStrategies lists strategies in the order of their ids.
func (s *Server) ListStrategies(ctx context.Context, r *segmentationv1.ListStrategiesRequest) (*segmentationv1.ListStrategiesResponse, error) {
	segment := ""
	if r.GetSegment() != "" {
		if err := aip.ParseName("segment", r.GetSegment(), "segments/{segment}", &segment); err != nil {
			return nil, err
		}
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := s.Store.Page(ctx, segment, after, size)
	if err != nil {
		return nil, err
	}
	list := &segmentationv1.ListStrategiesResponse{Strategies: each(found, strategyProto)}
	list.NextPageToken, err = aip.NextToken(next, r)
	return list, err
}

// check reports all that is wrong with a strategy.
func (s *Server) check(ctx context.Context, p *Strategy) error {
	if err := p.check(); err != nil {
		return err
	}
	var wrong []*fault.Fault
	for i, a := range p.Actions {
		if a.Eligibility == "" {
			continue
		}
		if _, err := s.Rules.Compile(ctx, a.Eligibility); err != nil {
			f, ok := fault.As(err)
			if !ok || f.Kind != fault.InvalidArgument {
				return err
			}
			// A rule's own faults name the field of a segment's definition.
			moved := *f
			field := fmt.Sprintf("actions[%d].eligibility", i)
			description := f.Message
			if len(f.Violations) > 0 {
				description = f.Violations[0].Description
			}
			moved.Violations = []fault.Violation{{Field: field, Description: description}}
			moved.Message = field + ": " + description
			wrong = append(wrong, &moved)
		}
	}
	return fault.Merge(wrong...)
}

// CreateStrategy makes a strategy.
func (s *Server) CreateStrategy(ctx context.Context, r *segmentationv1.CreateStrategyRequest) (*segmentationv1.Strategy, error) {
	if !idPattern.MatchString(r.GetStrategyId()) {
		return nil, fault.Invalid("strategy_id", "must be 1 to 63 lower-case letters, digits and '-', and begin with a letter")
	}
	p := content(r.GetStrategyId(), r.GetStrategy())
	if !idPattern.MatchString(p.Segment) {
		return nil, fault.Invalid("strategy.segment", "must have the form segments/{segment}")
	}
	if err := s.check(ctx, p); err != nil {
		return nil, aip.Within("strategy", err)
	}
	var err error
	if p.Request, err = aip.KeyOf(r); err != nil {
		return nil, err
	}
	if p.Revision, err = s.Store.first(ctx, p.ID); err != nil {
		return nil, err
	}
	p.CreateTime = s.Store.instant()
	p.UpdateTime = p.CreateTime
	if stored, err := s.Store.Get(ctx, p.ID); err == nil {
		return answer(stored, p.Request.Repeats(stored.Request, "strategy", strategyName(p.ID), "STRATEGY_EXISTS"))
	} else if fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if err := s.Segments.Check(ctx, "strategy.segment", p.Segment); err != nil {
		return nil, err
	}
	if r.GetValidateOnly() {
		return strategyProto(p), nil
	}
	if err = s.Store.Insert(ctx, p); errors.Is(err, docstore.ErrConflict) {
		stored, err := s.Store.Get(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		return answer(stored, p.Request.Repeats(stored.Request, "strategy", strategyName(p.ID), "STRATEGY_EXISTS"))
	}
	return answer(p, err)
}

// changeable are the fields that an update changes.
var changeable = []string{"display_name", "display_name_zh", "description", "description_zh", "actions", "caps"}

// take takes over fields of another strategy.
func (s *Strategy) take(from *Strategy, fields []string) {
	for _, field := range fields {
		switch field {
		case "display_name":
			s.Name.En = from.Name.En
		case "display_name_zh":
			s.Name.Zh = from.Name.Zh
		case "description":
			s.Description.En = from.Description.En
		case "description_zh":
			s.Description.Zh = from.Description.Zh
		case "actions":
			s.Actions = from.Actions
		case "caps":
			s.Caps = from.Caps
		}
	}
	s.Revision++
}

// UpdateStrategy changes the fields that the mask names.
func (s *Server) UpdateStrategy(ctx context.Context, r *segmentationv1.UpdateStrategyRequest) (*segmentationv1.Strategy, error) {
	id, err := strategyID("strategy.name", r.GetStrategy().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), r.GetStrategy(), changeable)
	if err != nil {
		return nil, err
	}
	given := content(id, r.GetStrategy())
	change := func(p *Strategy) error {
		if err := etag.Check(r.GetStrategy().GetEtag(), p.Version); err != nil {
			return aip.Within("strategy", err)
		}
		p.take(given, fields)
		return aip.Within("strategy", s.check(ctx, p))
	}
	if r.GetValidateOnly() {
		p, err := s.Store.Get(ctx, id)
		if err == nil {
			err = change(p)
		}
		return answer(p, err)
	}
	return answer(s.Store.Change(ctx, id, change))
}

// DeleteStrategy deletes a strategy with its revisions.
func (s *Server) DeleteStrategy(ctx context.Context, r *segmentationv1.DeleteStrategyRequest) (*emptypb.Empty, error) {
	id, err := strategyID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	p, err := s.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), p.Version); err != nil {
		return nil, err
	}
	if err = s.Store.Delete(ctx, p); errors.Is(err, docstore.ErrConflict) {
		return nil, fault.New(fault.Aborted, "ETAG_MISMATCH", "the strategy has changed since it was read; read it again and retry")
	}
	return &emptypb.Empty{}, err
}

// PauseStrategy makes a strategy deliver nothing.
func (s *Server) PauseStrategy(ctx context.Context, r *segmentationv1.PauseStrategyRequest) (*segmentationv1.Strategy, error) {
	return s.pause(ctx, r.GetName(), true)
}

// ActivateStrategy ends its pause.
func (s *Server) ActivateStrategy(ctx context.Context, r *segmentationv1.ActivateStrategyRequest) (*segmentationv1.Strategy, error) {
	return s.pause(ctx, r.GetName(), false)
}

func (s *Server) pause(ctx context.Context, name string, paused bool) (*segmentationv1.Strategy, error) {
	id, err := strategyID("name", name)
	if err != nil {
		return nil, err
	}
	return answer(s.Store.Change(ctx, id, func(p *Strategy) error {
		if p.Paused == paused {
			return docstore.ErrUnchanged
		}
		p.Paused = paused
		return nil
	}))
}

// GetStrategyRevision returns a strategy as it was.
func (s *Server) GetStrategyRevision(ctx context.Context, r *segmentationv1.GetStrategyRevisionRequest) (*segmentationv1.Strategy, error) {
	var id, number string
	if err := aip.ParseName("name", r.GetName(), "strategies/{strategy}/revisions/{revision}", &id, &number); err != nil {
		return nil, err
	}
	revision, err := strconv.ParseInt(number, 10, 64)
	if err != nil || revision < 1 || !idPattern.MatchString(id) {
		return nil, fault.Invalid("name", "must have the form strategies/{strategy}/revisions/{revision}, the revision a number from 1")
	}
	found, err := s.Store.Revision(ctx, id, revision)
	if err != nil {
		return nil, err
	}
	return revisionProto(found), nil
}

// ListStrategyRevisions lists the revisions of a strategy, newest first.
func (s *Server) ListStrategyRevisions(ctx context.Context, r *segmentationv1.ListStrategyRevisionsRequest) (*segmentationv1.ListStrategyRevisionsResponse, error) {
	id, err := strategyID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Get(ctx, id); err != nil {
		return nil, err
	}
	found, next, err := s.Store.Revisions(ctx, id, after, size)
	if err != nil {
		return nil, err
	}
	list := &segmentationv1.ListStrategyRevisionsResponse{Revisions: each(found, revisionProto)}
	list.NextPageToken, err = aip.NextToken(next, r)
	return list, err
}

// ListStrategyTemplates lists playbooks to start from.
func (s *Server) ListStrategyTemplates(_ context.Context, r *segmentationv1.ListStrategyTemplatesRequest) (*segmentationv1.ListStrategyTemplatesResponse, error) {
	token, size, err := page.Of(r)
	if err != nil {
		return nil, err
	}
	all := templates()
	from := 0
	for from < len(all) && all[from].GetName() <= token.Position.ID {
		from++
	}
	list := &segmentationv1.ListStrategyTemplatesResponse{Templates: all[from:min(from+size, len(all))]}
	if from+size < len(all) {
		list.NextPageToken, err = page.Token{Position: docstore.Position{ID: all[from+size-1].GetName()}}.Encode(r)
	}
	return list, err
}

func policyProto(p *Policy) *segmentationv1.ContactPolicy {
	return &segmentationv1.ContactPolicy{
		Name: policyID, Caps: each(p.Caps, capProto), Contact: contactProto(p.Contact), UpdateTime: instant(p.UpdateTime), Etag: etag.Of(p.Version),
	}
}

// GetContactPolicy returns what holds for all strategies.
func (s *Server) GetContactPolicy(ctx context.Context, _ *segmentationv1.GetContactPolicyRequest) (*segmentationv1.ContactPolicy, error) {
	p, err := s.Store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	return policyProto(p), nil
}

// UpdateContactPolicy replaces what holds for all strategies.
func (s *Server) UpdateContactPolicy(ctx context.Context, r *segmentationv1.UpdateContactPolicyRequest) (*segmentationv1.ContactPolicy, error) {
	given := r.GetContactPolicy()
	p := &Policy{Caps: each(given.GetCaps(), capOf), Contact: contactRules(given.GetContact())}
	if err := fault.Merge(append(checkCaps("caps", p.Caps), p.Contact.check("contact")...)...); err != nil {
		return nil, aip.Within("contact_policy", err)
	}
	stored, err := s.Store.SetPolicy(ctx, p, func(version int64) error {
		return aip.Within("contact_policy", etag.Check(given.GetEtag(), version))
	})
	if err != nil {
		return nil, err
	}
	return policyProto(stored), nil
}
