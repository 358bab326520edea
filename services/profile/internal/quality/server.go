package quality

import (
	"context"
	"errors"
	"strings"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

const (
	assessKind = "assess-data-quality"
	collection = "dataQualityReports/"
)

// Deps is what the room is given.
type Deps struct {
	Engine     docstore.Engine
	Sources    Sources
	View       func(ctx context.Context, id string) (domain.Customer, error) // of one customer
	Operations *operation.Manager                                            // not serving yet
	Clock      func() time.Time
}

// Server answers the DataQualityService.
type Server struct {
	profilev1.UnimplementedDataQualityServiceServer
	Deps
	reports *Reports
}

// NewServer makes the DataQualityService, and its operations run.
func NewServer(ctx context.Context, deps Deps) (*Server, error) {
	reports, err := openReports(ctx, deps.Engine, deps.Clock)
	s := &Server{Deps: deps, reports: reports}
	return s, errors.Join(err, operation.Register(deps.Operations, assessKind,
		operation.Kind[*profilev1.AssessDataQualityRequest, struct{}]{Run: s.run}))
}

// AssessDataQuality starts an assessment of all customers.
func (s *Server) AssessDataQuality(ctx context.Context, r *profilev1.AssessDataQualityRequest) (*longrunningpb.Operation, error) {
	if err := policyFrom(r.GetPolicy()).Check(); err != nil {
		return nil, err
	}
	return s.Operations.Start(ctx, assessKind, operation.Start{Request: r})
}

type assessment = operation.Run[*profilev1.AssessDataQualityRequest, struct{}]

// run assesses from the start each time it is tried: nothing is written before
// the report, whose id is the operation's.
func (s *Server) run(ctx context.Context, run *assessment) (proto.Message, error) {
	base := &Base{Now: s.Clock().UTC(), Policy: policyFrom(run.Request.GetPolicy())}
	tally, err := s.Sources.assess(ctx, base, func(done int64, stage string) { run.Progress(done, 0, stage) })
	if err != nil {
		return nil, err
	}
	report := tally.report(collection + run.ID)
	return report, s.reports.save(ctx, run.ID, report)
}

// GetDataQualityReport returns one report.
func (s *Server) GetDataQualityReport(ctx context.Context, r *profilev1.GetDataQualityReportRequest) (*profilev1.DataQualityReport, error) {
	id, ours := strings.CutPrefix(r.GetName(), collection)
	if f := ident.Check("name", id); !ours || f != nil {
		return nil, fault.Invalid("name", "must have the form dataQualityReports/{report}, or be dataQualityReports/latest")
	}
	return s.reports.Get(ctx, id)
}

// ListDataQualityReports lists reports, the newest first.
func (s *Server) ListDataQualityReports(ctx context.Context, r *profilev1.ListDataQualityReportsRequest) (*profilev1.ListDataQualityReportsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	reports, next, err := s.reports.Page(ctx, after, size)
	if err != nil {
		return nil, err
	}
	for _, report := range reports {
		for _, issue := range report.GetIssues() {
			issue.Examples = nil
		}
	}
	answer := &profilev1.ListDataQualityReportsResponse{DataQualityReports: reports}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}
