// Package schemes is segmentation's room for plans by which all customers are divided,
// the runs that carry them out in eight steps, and the gate before their segments serve.
//
//	schemes      _id scheme      a plan, and which of its runs serves
//	scheme_runs  _id scheme!run  a run: its report, its model, and the bins of its variables
//
// Publishing spans documents and is a sequence of steps that can be repeated: the run
// notes the segments it will be, each segment is told what it becomes when this run
// serves, and one write of the scheme makes it the run that serves, which turns all
// segments together. Then they are formed in one pass, and those whose label is gone are
// put away. Before that one write nothing that serves is touched; after it the sequence is
// carried on until it is done.
package schemes

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// scheme is a plan as it is stored. What people see is kept as the message it is, but
// for what the store itself knows.
type scheme struct {
	docstore.Meta `bson:",inline"`
	Body          []byte         `bson:"body"`                 // a segmentationv1.Scheme
	Published     string         `bson:"published,omitempty"`  // id of the run that serves
	Publishing    string         `bson:"publishing,omitempty"` // the operation that publishes, until it is done
	Request       aip.RequestKey `bson:"request"`
	CreatedAt     time.Time      `bson:"created_at"`
}

// run is a run as it is stored.
type run struct {
	docstore.Meta `bson:",inline"`
	Body          []byte           `bson:"body"` // a segmentationv1.SchemeRun
	State         int32            `bson:"state"`
	Model         *partition.Model `bson:"model,omitempty"`
	Bins          []frozenBins     `bson:"bins,omitempty"`
	Continued     []continuation   `bson:"continued,omitempty"`
	Previous      string           `bson:"previous,omitempty"` // id of the run that served when this one was published
	CreatedAt     time.Time        `bson:"created_at"`
}

// frozenBins are how a forming variable lay in a run.
type frozenBins struct {
	Variable string        `bson:"variable"`
	Baseline stat.Baseline `bson:"baseline"`
	Low      float64       `bson:"low"`
	High     float64       `bson:"high"`
}

// The indexes.
const (
	byCreation = "by_creation" // of one scheme's runs, the newest first
	byState    = "by_state"    // of runs that are being published
)

// Store keeps schemes and runs.
type Store struct {
	schemes *docstore.Collection[scheme]
	runs    *docstore.Collection[run]
	clock   func() time.Time
}

// OpenStore opens the room's collections.
func OpenStore(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	s := &Store{clock: clock}
	var err error
	if s.schemes, err = docstore.Open(ctx, engine, docstore.Schema[scheme]{Name: "schemes"}, docstore.WithClock(clock)); err != nil {
		return nil, err
	}
	s.runs, err = docstore.Open(ctx, engine, docstore.Schema[run]{Name: "scheme_runs", Indexes: []docstore.Index[run]{
		{Name: byCreation, Key: func(r *run) string {
			return docstore.Key(docstore.String(r.scheme()), docstore.Desc(docstore.Time(r.CreatedAt)))
		}},
		{Name: byState, Key: func(r *run) string {
			if r.State != int32(segmentationv1.SchemeRunState_SCHEME_RUN_STATE_PUBLISHING) {
				return ""
			}
			return docstore.Key(docstore.Time(r.CreatedAt))
		}},
	}}, docstore.WithClock(clock))
	return s, err
}

// now is in the precision of the store.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// Sweep removes the tombstones made before a time.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	_, err := s.schemes.Sweep(ctx, before)
	if err == nil {
		_, err = s.runs.Sweep(ctx, before)
	}
	return err
}

func (s *scheme) id() string  { return docstore.ParseID(s.ID)[0] }
func (r *run) scheme() string { return docstore.ParseID(r.ID)[0] }
func (r *run) id() string     { return docstore.ParseID(r.ID)[1] }
func (r *run) name() string   { return runName(r.scheme(), r.id()) }

func schemeNotFound(id string) error {
	return fault.New(fault.NotFound, "SCHEME_NOT_FOUND", "there is no scheme %q", id).With("scheme", schemeName(id))
}

func runNotFound(scheme, id string) error {
	return fault.New(fault.NotFound, "SCHEME_RUN_NOT_FOUND", "there is no run %q", runName(scheme, id)).With("run", runName(scheme, id))
}

func (s *Store) scheme(ctx context.Context, id string) (*scheme, error) {
	found, err := s.schemes.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, schemeNotFound(id)
	}
	return found, err
}

// Serves tells whether a run, by its name, is the one that its scheme is served by.
func (s *Store) Serves(ctx context.Context, name string) (bool, error) {
	scheme, id, err := parseRun("run", name)
	if err != nil {
		return false, err
	}
	found, err := s.scheme(ctx, scheme)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil && found.Published == id, err
}

func (s *Store) run(ctx context.Context, scheme, id string) (*run, error) {
	found, err := s.runs.Get(ctx, docstore.ID(scheme, id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, runNotFound(scheme, id)
	}
	return found, err
}

// changeRun reads a run, lets change alter it and its report, and writes both. change
// may run several times.
func (s *Store) changeRun(ctx context.Context, scheme, id string, change func(*run, *segmentationv1.SchemeRun) error) (*run, error) {
	changed, err := s.runs.Update(ctx, docstore.ID(scheme, id), func(r *run) error {
		m, err := r.message()
		if err != nil {
			return err
		}
		if err := change(r, m); err != nil {
			return err
		}
		return r.keep(m)
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, runNotFound(scheme, id)
	}
	return changed, err
}

// message is the run as it was kept.
func (r *run) message() (*segmentationv1.SchemeRun, error) {
	m := &segmentationv1.SchemeRun{}
	return m, proto.Unmarshal(r.Body, m)
}

// keep stores a message in the run, without what the store itself knows.
func (r *run) keep(m *segmentationv1.SchemeRun) (err error) {
	r.State = int32(m.GetState())
	kept := proto.CloneOf(m)
	kept.Gate, kept.Etag = nil, ""
	r.Body, err = proto.MarshalOptions{Deterministic: true}.Marshal(kept)
	return err
}

func (s *scheme) message() (*segmentationv1.Scheme, error) {
	m := &segmentationv1.Scheme{}
	return m, proto.Unmarshal(s.Body, m)
}

func (s *scheme) keep(m *segmentationv1.Scheme) (err error) {
	kept := proto.CloneOf(m)
	kept.Name, kept.PublishedRun, kept.CreateTime, kept.UpdateTime, kept.Etag = "", "", nil, nil, ""
	s.Body, err = proto.MarshalOptions{Deterministic: true}.Marshal(kept)
	return err
}
