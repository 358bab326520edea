package schemes

import (
	"context"
	"errors"
	"strings"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// The kinds of operation, as they are stored.
const (
	runKind     = "scheme-run"
	publishKind = "scheme-publish"
)

type (
	carryingOut = operation.Run[*segmentationv1.CreateSchemeRunRequest, runState]
	publishing  = operation.Run[*segmentationv1.PublishSchemeRunRequest, publishState]
)

// runState is how far a run has come; what it has found is in the run.
type runState struct {
	Begun bool
}

func (s *Server) register() error {
	err := operation.Register(s.operations, runKind, operation.Kind[*segmentationv1.CreateSchemeRunRequest, runState]{
		Run: func(ctx context.Context, o *carryingOut) (proto.Message, error) { return s.carryOut(ctx, o) },
	})
	if err != nil {
		return err
	}
	return operation.Register(s.operations, publishKind, operation.Kind[*segmentationv1.PublishSchemeRunRequest, publishState]{
		Run: func(ctx context.Context, o *publishing) (proto.Message, error) { return s.publish(ctx, o) },
	})
}

// CreateSchemeRun starts carrying a scheme out.
func (s *Server) CreateSchemeRun(ctx context.Context, r *segmentationv1.CreateSchemeRunRequest) (*longrunningpb.Operation, error) {
	id, err := parseScheme("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	if n := r.GetResamples(); n != 0 && n < stat.MinResamples {
		return nil, fault.Invalid("resamples", "must be at least %d, or 0 for %d, is %d", stat.MinResamples, defaultResamples, n)
	}
	found, err := s.store.scheme(ctx, id)
	if err != nil {
		return nil, err
	}
	m, err := found.shown()
	if err != nil {
		return nil, err
	}
	if _, err := newWork(m, s.now(), s.now(), 0, s.compile); err != nil {
		return nil, err
	}
	return s.operations.Start(ctx, runKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// carryOut carries a scheme out. A run that breaks off begins anew as of the same
// instant, with the same seed.
func (s *Server) carryOut(ctx context.Context, o *carryingOut) (proto.Message, error) {
	scheme, err := parseScheme("parent", o.Request.GetParent())
	if err != nil {
		return nil, err
	}
	id := strings.ToLower(o.ID)
	if err := s.begin(ctx, scheme, id, o); err != nil {
		return nil, err
	}
	r, err := s.store.run(ctx, scheme, id)
	if err != nil {
		return nil, err
	}
	m, err := r.message()
	if err != nil {
		return nil, err
	}
	if m.GetState() != segmentationv1.SchemeRunState_SCHEME_RUN_STATE_RUNNING {
		return s.shownRun(ctx, r)
	}
	found, computed, err := s.find(ctx, o, m)
	if err != nil {
		return nil, s.fail(ctx, scheme, id, err)
	}
	r, err = s.store.changeRun(ctx, scheme, id, func(r *run, m *segmentationv1.SchemeRun) error {
		if m.GetState() != segmentationv1.SchemeRunState_SCHEME_RUN_STATE_RUNNING {
			return docstore.ErrUnchanged
		}
		proto.Reset(m)
		proto.Merge(m, found)
		m.State, m.CompleteTime = segmentationv1.SchemeRunState_SCHEME_RUN_STATE_READY, timestamppb.New(s.now())
		r.Model, r.Bins, r.Continued = computed.Model, computed.Bins, computed.Continued
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.shownRun(ctx, r)
}

// begin writes the run down, once, with the scheme as it is.
func (s *Server) begin(ctx context.Context, id, run string, o *carryingOut) error {
	if o.State.Begun {
		return nil
	}
	found, err := s.store.scheme(ctx, id)
	if err != nil {
		return err
	}
	m, err := found.shown()
	if err != nil {
		return err
	}
	now := s.now()
	begun := &segmentationv1.SchemeRun{
		Name: runName(id, run), Scheme: m, State: segmentationv1.SchemeRunState_SCHEME_RUN_STATE_RUNNING,
		AsOf: timestamppb.New(now), TimeZone: or(m.GetData().GetTimeZone(), "UTC"), Operation: o.Name, CreateTime: timestamppb.New(now),
	}
	if m.GetData().GetAsOf() != nil {
		begun.AsOf = m.GetData().GetAsOf()
	}
	if err := s.insert(ctx, id, run, begun, now); err != nil {
		return err
	}
	return o.Checkpoint(ctx, runState{Begun: true})
}

func (s *Server) insert(ctx context.Context, scheme, id string, m *segmentationv1.SchemeRun, now time.Time) error {
	r := &run{CreatedAt: now}
	r.ID = docstore.ID(scheme, id)
	if err := r.keep(m); err != nil {
		return err
	}
	if err := s.store.runs.Insert(ctx, r); !errors.Is(err, docstore.ErrConflict) {
		return err
	}
	return nil
}

// fail notes why a run cannot be computed. What may pass is tried again.
func (s *Server) fail(ctx context.Context, scheme, id string, cause error) error {
	f, is := fault.As(cause)
	if !is || f.Kind != fault.FailedPrecondition && f.Kind != fault.InvalidArgument && f.Kind != fault.OutOfRange {
		return cause
	}
	const failedPrecondition = 9 // as google.rpc.Code
	_, err := s.store.changeRun(ctx, scheme, id, func(_ *run, m *segmentationv1.SchemeRun) error {
		m.State, m.CompleteTime = segmentationv1.SchemeRunState_SCHEME_RUN_STATE_FAILED, timestamppb.New(s.now())
		m.Failure = &apiv1.ItemStatus{Code: failedPrecondition, Reason: f.Reason, Message: f.Message}
		if len(f.Violations) > 0 {
			m.Failure.Field = f.Violations[0].Field
		}
		return nil
	})
	return errors.Join(cause, err)
}

// defaultResamples are those of the stability test.
const defaultResamples = 50

// find computes what a run comes to.
func (s *Server) find(ctx context.Context, o *carryingOut, begun *segmentationv1.SchemeRun) (*segmentationv1.SchemeRun, *run, error) {
	m := proto.CloneOf(begun)
	w, err := newWork(m.GetScheme(), m.GetAsOf().AsTime(), s.now(), o.Request.GetSeed(), s.compile)
	if err != nil {
		return nil, nil, err
	}
	base, err := s.baseline(ctx, m.GetScheme())
	if err != nil {
		return nil, nil, err
	}
	o.Progress(0, 0, "bringing the facts up to date")
	if err := s.catchUp(ctx, o.Name, w.reads); err != nil {
		return nil, nil, err
	}
	total, err := s.facts.Count(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := s.measure(ctx, w, func(done int64) { o.Progress(done, total, "looking at the data") }); err != nil {
		return nil, nil, err
	}
	m.Data, m.Population = w.report(), w.population
	if w.population == 0 {
		return nil, nil, fault.New(fault.FailedPrecondition, "NO_CUSTOMERS", "there are no customers to divide")
	}
	fitted, err := w.fit(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if err := o.Checkpoint(ctx, o.State); err != nil { // the lease, and whether to go on
		return nil, nil, err
	}
	opened, err := fitted.Model.Open(s.compile)
	if err != nil {
		return nil, nil, err
	}
	a, err := s.assign(ctx, w, opened, base, func(done int64) { o.Progress(done, total, "assigning customers") })
	if err != nil {
		return nil, nil, err
	}
	continued, err := follow(fitted.Model, base, a)
	if err != nil {
		return nil, nil, err
	}
	m.Variables = w.stability(a, base)
	m.Segmentation = w.segmentation(fitted, a, continued)
	m.Descriptions = w.descriptions(fitted.Model, a.described)
	o.Progress(0, 0, "testing stability")
	if m.Validity, err = w.validity(ctx, opened, fitted, a, int(or(o.Request.GetResamples(), defaultResamples))); err != nil {
		return nil, nil, err
	}
	if base != nil {
		if agreement, err := stat.AdjustedRandOf(a.cross); err == nil {
			m.Validity.AdjustedRand = &agreement
		}
	}
	m.Targets = w.attractiveness(m, a, base)
	for _, warning := range fitted.Warnings {
		m.Warnings = append(m.Warnings, &apiv1.Warning{Reason: warning.Reason, Message: warning.Message})
	}
	m.Warnings = append(m.Warnings, w.warnings()...)
	return m, &run{Model: fitted.Model, Bins: a.bins(), Continued: continued}, nil
}

// measure is the first pass: what the data is like, and the numbers to divide by.
func (s *Server) measure(ctx context.Context, w *work, report func(done int64)) error {
	row := make([]float64, len(w.columns))
	for f, err := range s.facts.Scan(ctx, "", "", facts.AllParts) {
		if err != nil {
			return err
		}
		w.population++
		if w.population%reportEvery == 0 {
			report(w.population)
		}
		if last := activity(f); last.After(w.latest) {
			w.latest = last
		}
		if w.within(f, reachableDays) {
			w.active++
		}
		w.read(f, row)
		for j, c := range w.columns {
			c.count(row[j])
		}
		w.data.add(row)
		if w.rows != nil {
			w.rows.add(w.row)
		}
	}
	return nil
}

// reportEvery so many customers progress is told.
const reportEvery = 10_000

func (w *work) fit(ctx context.Context, o *carryingOut) (*partition.Fitted, error) {
	var rows []float64
	if w.rows != nil {
		rows = w.rows.values
	}
	return w.spec.Fit(ctx, rows, func(done, total int, what string) { o.Progress(int64(done), int64(total), what) })
}

// warnings tell what was done about too many customers.
func (w *work) warnings() []*apiv1.Warning {
	if w.rows == nil || int64(w.rows.held()) >= w.population {
		return nil
	}
	return []*apiv1.Warning{{
		Reason:  "FORMED_FROM_SAMPLE",
		Message: "the segments were formed from a uniform sample, for more customers do not fit data.memory_limit_bytes; all were assigned",
	}}
}

func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
