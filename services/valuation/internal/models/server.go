package models

import (
	"context"
	"errors"
	"slices"
	"strings"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
)

// Profile is where histories come from.
type Profile interface {
	Histories
	// Reach is UNAVAILABLE where profile cannot be reached.
	Reach(context.Context) error
}

// Server is the ModelService.
type Server struct {
	valuationv1.UnimplementedModelServiceServer
	room       *Room
	profile    Profile
	operations *operation.Manager
}

// fitKind is the name under which fits are kept: it must stay.
const fitKind = "fit-models"

// NewServer makes the server, and its operations run.
func NewServer(room *Room, profile Profile, operations *operation.Manager) (*Server, error) {
	s := &Server{room: room, profile: profile, operations: operations}
	return s, operation.Register(operations, fitKind, operation.Kind[*valuationv1.FitModelsRequest, struct{}]{Run: s.fit})
}

func windowOf(r *valuationv1.FitModelsRequest, room *Room) (window, error) {
	w, err := newWindow(r.GetCalibrationEndDate(), r.GetHoldoutEndDate(), r.GetTimeZone(), r.GetUnitDays(), room.now())
	if err != nil || r.GetCurrencyCode() == "" {
		return w, err
	}
	if f := money.Check("currency_code", r.GetCurrencyCode()); f != nil {
		return w, f
	}
	return w, nil
}

// FitModels starts a fit.
func (s *Server) FitModels(ctx context.Context, r *valuationv1.FitModelsRequest) (*longrunningpb.Operation, error) {
	if _, err := windowOf(r, s.room); err != nil {
		return nil, err
	}
	if err := s.profile.Reach(ctx); err != nil {
		return nil, err
	}
	if r.GetValidateOnly() {
		answer, err := anypb.New(&valuationv1.FitModelsResponse{})
		return &longrunningpb.Operation{Done: true, Result: &longrunningpb.Operation_Response{Response: answer}}, err
	}
	return s.operations.Start(ctx, fitKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// kindsOf are the kinds to fit, the baseline last where it is asked for or there
// is something to compare it with.
func kindsOf(r *valuationv1.FitModelsRequest, w window) []forecast.Kind {
	asked := func(k forecast.Kind) bool {
		return len(r.GetKinds()) == 0 || slices.Contains(r.GetKinds(), valuationv1.ModelKind(k))
	}
	var kinds []forecast.Kind
	compared := false
	for _, k := range []forecast.Kind{forecast.BGNBD, forecast.MBGNBD, forecast.ParetoNBD, forecast.GammaGamma} {
		if asked(k) {
			kinds = append(kinds, k)
			compared = compared || k != forecast.GammaGamma
		}
	}
	explicit := slices.Contains(r.GetKinds(), valuationv1.ModelKind_MODEL_KIND_POISSON_REGRESSION)
	if explicit || compared && w.holds() {
		kinds = append(kinds, forecast.PoissonRegression)
	}
	return kinds
}

// fit reads all histories once and fits one model after the other. A run that
// breaks off begins anew, and fits the same.
func (s *Server) fit(ctx context.Context, run *operation.Run[*valuationv1.FitModelsRequest, struct{}]) (proto.Message, error) {
	w, err := windowOf(run.Request, s.room)
	if err != nil {
		return nil, err
	}
	run.Progress(0, 0, "reading")
	sample := newSample(w)
	if err := sample.read(ctx, s.profile, func(customers int64) { run.Progress(customers, 0, "reading") }); err != nil {
		return nil, err
	}
	if err := run.Checkpoint(ctx, struct{}{}); err != nil {
		return nil, err
	}
	currency := run.Request.GetCurrencyCode()
	if currency == "" {
		currency = sample.currency()
	}
	f := &fitter{sample: sample, operation: run.Name, suffix: strings.ToLower(run.ID), currency: currency}
	kinds := kindsOf(run.Request, w)
	var fitted []*model
	for i, kind := range kinds {
		run.Progress(int64(i), int64(len(kinds)), "fitting "+slugs[kind])
		m, err := f.fit(ctx, kind)
		if err != nil {
			return nil, err
		}
		fitted = append(fitted, m)
		if err := run.Checkpoint(ctx, struct{}{}); err != nil {
			return nil, err
		}
	}
	compare(fitted)
	answer := &valuationv1.FitModelsResponse{}
	for _, m := range fitted {
		if err := s.room.record(ctx, m); err != nil {
			return nil, err
		}
		stored, err := s.room.get(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		answer.Models = append(answer.Models, message(stored, nil))
	}
	return answer, nil
}

func idOf(name string) string { return strings.TrimPrefix(name, "models/") }

// GetModel returns one model.
func (s *Server) GetModel(ctx context.Context, r *valuationv1.GetModelRequest) (*valuationv1.Model, error) {
	m, titles, err := s.room.titled(ctx, idOf(r.GetName()))
	if err != nil {
		return nil, err
	}
	return message(m, titles), nil
}

// titled is a model with the champions.
func (r *Room) titled(ctx context.Context, id string) (*model, []title, error) {
	m, err := r.get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	titles, err := r.titles(ctx)
	return m, titles, err
}

// ListModels lists models, the newest first.
func (s *Server) ListModels(ctx context.Context, r *valuationv1.ListModelsRequest) (*valuationv1.ListModelsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	titles, err := s.room.titles(ctx)
	if err != nil {
		return nil, err
	}
	if r.GetChampionsOnly() {
		return s.listChampions(ctx, titles, forecast.Kind(r.GetKind()))
	}
	within := docstore.Range{Index: byCreation}
	if r.GetKind() != valuationv1.ModelKind_MODEL_KIND_UNSPECIFIED {
		within = docstore.Within(docstore.Key(docstore.Int(int64(r.GetKind()))))
		within.Index = byKind
	}
	within.After, within.Limit = after, size
	found, next, err := s.room.docs.Page(ctx, within)
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ListModelsResponse{}
	for _, m := range found {
		answer.Models = append(answer.Models, message(m, titles))
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

func (s *Server) listChampions(ctx context.Context, titles []title, kind forecast.Kind) (*valuationv1.ListModelsResponse, error) {
	var ids []string
	for _, t := range titles {
		if !slices.Contains(ids, t.Model) {
			ids = append(ids, t.Model)
		}
	}
	found, err := s.room.docs.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ListModelsResponse{}
	for _, m := range found {
		if m != nil && (kind == 0 || m.Kind == kind) {
			answer.Models = append(answer.Models, message(m, titles))
		}
	}
	return answer, nil
}

// DiagnoseModel returns a model with all of its calibration.
func (s *Server) DiagnoseModel(ctx context.Context, r *valuationv1.DiagnoseModelRequest) (*valuationv1.ModelDiagnosis, error) {
	m, titles, err := s.room.titled(ctx, idOf(r.GetName()))
	if err != nil {
		return nil, err
	}
	return diagnosis(m, titles), nil
}

// PromoteModel makes a model the champion.
func (s *Server) PromoteModel(ctx context.Context, r *valuationv1.PromoteModelRequest) (*valuationv1.Model, error) {
	m, err := s.room.get(ctx, idOf(r.GetName()))
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), m.Version); err != nil {
		return nil, err
	}
	if err := usable(m); err != nil {
		return nil, err
	}
	of := roles(m.Kind)
	if asked := role(r.GetRole()); asked != 0 {
		switch {
		case m.Kind == forecast.BGNBD && asked == churn:
			return nil, fault.New(fault.FailedPrecondition, "CHURN_NEEDS_DROPOUT",
				"a BG/NBD cannot tell churn: to it everybody without a repeat is alive; promote an MBG/NBD or a Pareto/NBD")
		case !slices.Contains(of, asked):
			return nil, fault.Invalid("role", "must be one that a model of this kind has, or unset")
		}
		of = []role{asked}
	}
	if err := s.room.crown(ctx, m, of, func(string) bool { return false }); err != nil {
		return nil, err
	}
	m, titles, err := s.room.titled(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	return message(m, titles), nil
}

// DeleteModel deletes a model that is no champion.
func (s *Server) DeleteModel(ctx context.Context, r *valuationv1.DeleteModelRequest) (*emptypb.Empty, error) {
	m, titles, err := s.room.titled(ctx, idOf(r.GetName()))
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), m.Version); err != nil {
		return nil, err
	}
	if len(titlesOf(titles, m.ID)) > 0 {
		return nil, fault.New(fault.FailedPrecondition, "MODEL_IS_CHAMPION", "models/%s is a champion: promote another model first", m.ID)
	}
	err = s.room.docs.Delete(ctx, m.ID, m.Version)
	if errors.Is(err, docstore.ErrConflict) {
		return nil, etag.Check(etag.Of(m.Version), m.Version+1)
	}
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(m.ID)
	}
	return &emptypb.Empty{}, err
}
