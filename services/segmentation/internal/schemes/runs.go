package schemes

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/emptypb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// shownRun is a run as the API has it: with what its gate says now.
func (s *Server) shownRun(ctx context.Context, r *run) (*segmentationv1.SchemeRun, error) {
	m, err := r.message()
	if err != nil {
		return nil, err
	}
	m.Etag = etag.Of(r.Version)
	if r.Model == nil {
		return m, nil
	}
	g, _, err := s.gate(ctx, r.scheme(), m)
	if err != nil {
		return nil, err
	}
	m.Gate = g
	return m, nil
}

// gate is what keeps a run from being published, with the scheme as it is filled in now.
func (s *Server) gate(ctx context.Context, scheme string, m *segmentationv1.SchemeRun) (*segmentationv1.PublishGate, *segmentationv1.Scheme, error) {
	found, err := s.store.scheme(ctx, scheme)
	if fault.KindOf(err) == fault.NotFound {
		return gateOf(m, m.GetScheme()), m.GetScheme(), nil
	}
	if err != nil {
		return nil, nil, err
	}
	now, err := found.shown()
	if err != nil {
		return nil, nil, err
	}
	plan, changed := filledIn(m, now)
	g := gateOf(m, plan)
	if changed {
		g.Findings = append(g.Findings, &segmentationv1.GateFinding{
			Step: method, Reason: "SCHEME_CHANGED", Subject: schemeName(scheme),
			Message:   "the scheme would be carried out otherwise now: its method, data or variables changed since this run",
			MessageZh: "方案的方法、数据或变量在本次运行后已修改，需要重新运行",
		})
		g.Open = false
	}
	return g, plan, nil
}

// GetSchemeRun returns one run.
func (s *Server) GetSchemeRun(ctx context.Context, r *segmentationv1.GetSchemeRunRequest) (*segmentationv1.SchemeRun, error) {
	scheme, id, err := parseRun("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.store.run(ctx, scheme, id)
	if err != nil {
		return nil, err
	}
	return s.shownRun(ctx, found)
}

// ListSchemeRuns lists the runs of a scheme, the newest first.
func (s *Server) ListSchemeRuns(ctx context.Context, r *segmentationv1.ListSchemeRunsRequest) (*segmentationv1.ListSchemeRunsResponse, error) {
	scheme, err := parseScheme("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	within := docstore.Within(docstore.Key(docstore.String(scheme)))
	within.Index = byCreation
	if within.After, within.Limit, err = aip.Place(r); err != nil {
		return nil, err
	}
	if _, err := s.store.scheme(ctx, scheme); err != nil {
		return nil, err
	}
	found, next, err := s.store.runs.Page(ctx, within)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ListSchemeRunsResponse{}
	for _, one := range found {
		m, err := s.shownRun(ctx, one)
		if err != nil {
			return nil, err
		}
		answer.SchemeRuns = append(answer.SchemeRuns, m)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// DeleteSchemeRun deletes a run that does not serve.
func (s *Server) DeleteSchemeRun(ctx context.Context, r *segmentationv1.DeleteSchemeRunRequest) (*emptypb.Empty, error) {
	scheme, id, err := parseRun("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.store.run(ctx, scheme, id)
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), found.Version); err != nil {
		return nil, err
	}
	switch segmentationv1.SchemeRunState(found.State) {
	case segmentationv1.SchemeRunState_SCHEME_RUN_STATE_PUBLISHED, segmentationv1.SchemeRunState_SCHEME_RUN_STATE_PUBLISHING:
		return nil, fault.New(fault.FailedPrecondition, "RUN_SERVES", "the segments of %s serve", r.GetName()).With("run", r.GetName())
	case segmentationv1.SchemeRunState_SCHEME_RUN_STATE_RUNNING:
		return nil, fault.New(fault.FailedPrecondition, "RUN_NOT_READY", "%s is being computed: cancel its operation first", r.GetName()).With("run", r.GetName())
	}
	err = s.store.runs.Delete(ctx, found.ID, found.Version)
	switch {
	case errors.Is(err, docstore.ErrNotFound):
		return nil, runNotFound(scheme, id)
	case errors.Is(err, docstore.ErrConflict):
		return nil, etag.Check(etag.Of(found.Version), found.Version+1)
	}
	return &emptypb.Empty{}, err
}

// mostOpened models are kept ready.
const mostOpened = 64

// Criterion is that a customer has a label of a run, for segments that are defined so.
// Faults: INVALID_FIELD where the name is none, SCHEME_RUN_NOT_FOUND, RUN_NOT_READY, and
// INVALID_FIELD for a label that the run does not have.
func (s *Server) Criterion(ctx context.Context, name, label string) (criterion.Criterion, error) {
	opened, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	return opened.Criterion(label)
}

// Nobody is the criterion of a label that a run does not have: it is told whom a run can
// tell of, and nobody belongs.
func (s *Server) Nobody(ctx context.Context, name string) (criterion.Criterion, error) {
	opened, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	return opened.Nobody(), nil
}

func (s *Server) open(ctx context.Context, name string) (*partition.Opened, error) {
	s.mu.Lock()
	opened := s.opened[name]
	s.mu.Unlock()
	if opened != nil {
		return opened, nil
	}
	scheme, id, err := parseRun("partition.run", name)
	if err != nil {
		return nil, err
	}
	r, err := s.store.run(ctx, scheme, id)
	if err != nil {
		return nil, err
	}
	if r.Model == nil {
		return nil, fault.New(fault.FailedPrecondition, "RUN_NOT_READY", "%s has not been computed", name).With("run", name)
	}
	if opened, err = r.Model.Open(s.compile); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.opened) >= mostOpened {
		clear(s.opened)
	}
	s.opened[name] = opened
	return opened, nil
}
