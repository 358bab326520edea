package analysis

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
)

// Deps is what the analyses work with.
type Deps struct {
	Engine     docstore.Engine
	Reader     *activity.Reader
	Journeys   *journey.Store
	Segments   Segments
	Consents   Consents
	Operations *operation.Manager // not serving yet: New registers its kind of operation
	Clock      func() time.Time
}

// Server is profile's AnalysisService.
type Server struct {
	profilev1.UnimplementedAnalysisServiceServer

	store      *store
	reader     *activity.Reader
	journeys   *journey.Store
	segments   Segments
	consents   Consents
	operations *operation.Manager
	clock      func() time.Time
}

// New opens the collections and registers the operation.
func New(ctx context.Context, d Deps) (*Server, error) {
	opened, err := openStore(ctx, d.Engine, d.Clock)
	if err != nil {
		return nil, err
	}
	s := &Server{store: opened, reader: d.Reader, journeys: d.Journeys, segments: d.Segments, consents: d.Consents, operations: d.Operations, clock: d.Clock}
	return s, operation.Register(d.Operations, kind, operation.Kind[*profilev1.GetAnalysisRequest, int64]{Run: s.execute})
}

// now is in whole milliseconds, as what is stored.
func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// CreateAnalysis asks for an analysis.
func (s *Server) CreateAnalysis(ctx context.Context, r *profilev1.CreateAnalysisRequest) (*longrunningpb.Operation, error) {
	if r.GetAnalysisId() != "" && r.GetRequestId() != "" {
		return nil, fault.Invalid("request_id", "must be empty where there is an analysis_id: the id already tells a repeated call")
	}
	asked := question(r.GetAnalysis())
	hash, err := hashOf(asked)
	if err != nil {
		return nil, err
	}
	now := s.now()
	at, err := instantOr("analysis.as_of", asked.GetAsOf(), now)
	if err != nil {
		return nil, err
	}
	if at.After(now) {
		return nil, fault.Invalid("analysis.as_of", "must not lie in the future")
	}
	asked.AsOf = timestamppb.New(at)
	asked.TimeZone = cmp.Or(asked.GetTimeZone(), time.UTC.String()) // told with the result
	if _, err := s.prepare(ctx, asked); err != nil {
		return nil, err
	}
	if r.GetValidateOnly() {
		return done(asked)
	}
	raw, err := proto.Marshal(asked)
	if err != nil {
		return nil, err
	}
	doc := &analysisDoc{
		Meta: docstore.Meta{ID: idFor(r)}, CreatedAt: now, Asked: raw, Hash: hash,
		Operation: kind + "-" + strings.ToLower(ulid.Make().String()),
		State:     int32(profilev1.AnalysisState_ANALYSIS_STATE_RUNNING),
	}
	err = s.store.analyses.Insert(ctx, doc)
	if errors.Is(err, docstore.ErrConflict) {
		doc, err = s.repeated(ctx, r, doc.ID, hash)
	}
	if err != nil {
		return nil, err
	}
	return s.start(ctx, doc)
}

// question is an analysis with nothing but what a caller asks.
func question(a *profilev1.Analysis) *profilev1.Analysis {
	return &profilev1.Analysis{
		DisplayName: a.GetDisplayName(), Population: a.GetPopulation(), TimeZone: a.GetTimeZone(), AsOf: a.GetAsOf(), Definition: a.GetDefinition(),
	}
}

func hashOf(a *profilev1.Analysis) (string, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(a)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]), nil
}

// idFor is the caller's id, or one drawn from the request's key, or a new one.
func idFor(r *profilev1.CreateAnalysisRequest) string {
	switch {
	case r.GetAnalysisId() != "":
		return r.GetAnalysisId()
	case r.GetRequestId() != "":
		sum := sha256.Sum256([]byte(r.GetRequestId()))
		return "r-" + hex.EncodeToString(sum[:13])
	}
	return strings.ToLower(ulid.Make().String())
}

// repeated is the analysis that is there under an id, if the same was asked.
func (s *Server) repeated(ctx context.Context, r *profilev1.CreateAnalysisRequest, id, hash string) (*analysisDoc, error) {
	doc, err := s.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case doc.Hash == hash:
		return doc, nil
	case r.GetRequestId() != "":
		return nil, fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id: was used with another analysis; take a new one")
	}
	return nil, fault.New(fault.AlreadyExists, "ANALYSIS_EXISTS", "there is another analysis %q", id).With("analysis", analysisName(id))
}

// start starts the operation of an analysis. Starting it again changes nothing.
func (s *Server) start(ctx context.Context, doc *analysisDoc) (*longrunningpb.Operation, error) {
	return s.operations.Start(ctx, kind, operation.Start{
		ID: doc.Operation, Request: &profilev1.GetAnalysisRequest{Name: analysisName(doc.ID)},
	})
}

// done is the operation of a request that was only checked.
func done(a *profilev1.Analysis) (*longrunningpb.Operation, error) {
	response, err := anypb.New(a)
	if err != nil {
		return nil, err
	}
	return &longrunningpb.Operation{Done: true, Result: &longrunningpb.Operation_Response{Response: response}}, nil
}

// GetAnalysis returns an analysis.
func (s *Server) GetAnalysis(ctx context.Context, r *profilev1.GetAnalysisRequest) (*profilev1.Analysis, error) {
	id, err := analysisID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	doc, err := s.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if doc, err = s.settle(ctx, doc); err != nil {
		return nil, err
	}
	return doc.proto()
}

// settle finds what has become of an analysis whose operation was to end it: the
// operation may never have started, or may have been cancelled or given up.
func (s *Server) settle(ctx context.Context, doc *analysisDoc) (*analysisDoc, error) {
	if doc.State != int32(profilev1.AnalysisState_ANALYSIS_STATE_RUNNING) {
		return doc, nil
	}
	op, err := s.operations.Get(ctx, operationName(doc.Operation))
	if fault.KindOf(err) == fault.NotFound {
		_, err = s.start(ctx, doc)
		return doc, err
	}
	if err != nil || op.GetError() == nil {
		return doc, err
	}
	why := &failure{op.GetError()}
	if err := s.fail(ctx, doc, why); err != nil {
		return nil, err
	}
	return s.store.get(ctx, doc.ID)
}

// ListAnalyses lists the analyses, newest first.
func (s *Server) ListAnalyses(ctx context.Context, r *profilev1.ListAnalysesRequest) (*profilev1.ListAnalysesResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	docs, next, err := s.store.analyses.Page(ctx, docstore.Range{Index: byCreated, Limit: size, After: after})
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListAnalysesResponse{}
	for _, doc := range docs {
		if doc, err = s.settle(ctx, doc); err != nil {
			return nil, err
		}
		a, err := doc.proto()
		if err != nil {
			return nil, err
		}
		a.Result = nil
		answer.Analyses = append(answer.Analyses, a)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// DeleteAnalysis deletes an analysis with its lists.
func (s *Server) DeleteAnalysis(ctx context.Context, r *profilev1.DeleteAnalysisRequest) (*emptypb.Empty, error) {
	id, err := analysisID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	doc, err := s.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.store.analyses.Delete(ctx, id, docstore.Any); errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	} else if err != nil {
		return nil, err
	}
	if err := s.operations.Cancel(ctx, operationName(doc.Operation)); err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	return &emptypb.Empty{}, s.store.purge(ctx, id, doc.Operation, "")
}

// Sweep removes lists that nobody can read any more, and tombstones that nobody
// can still need.
func (s *Server) Sweep(ctx context.Context) error {
	_, err := s.store.analyses.Sweep(ctx, s.now().Add(-docstore.TombstoneLife))
	return errors.Join(s.store.sweep(ctx), err)
}
