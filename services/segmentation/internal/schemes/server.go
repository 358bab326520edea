package schemes

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// Facts are what is known of the customers.
type Facts interface {
	// Scan yields all in the order of their escaped ids; what is yielded is valid until
	// the next.
	Scan(ctx context.Context, from, to string, need facts.Part) iter.Seq2[*facts.Facts, error]
	// Sample is a uniform sample, or everybody, and how many there are.
	Sample(ctx context.Context, n int, need facts.Part) (sample []*facts.Facts, population int64, exact bool, err error)
	Count(ctx context.Context) (int64, error)
}

// Segment is a segment that a label becomes.
type Segment struct {
	ID, DisplayName, Description string
	Scheme, Run, Label           string // schemes/{s}, schemes/{s}/runs/{r}, the label
	// Gone tells that the run does not have the label, which the one before had.
	Gone bool
}

// Segments is where segments are kept. Its methods can be repeated.
type Segments interface {
	// Check refuses a segment that Tell could not make: one of that id is of another
	// origin. It writes nothing.
	Check(ctx context.Context, s Segment) error
	// Tell tells a segment what it becomes when the run serves; one that is missing is
	// made, as a draft.
	Tell(ctx context.Context, s Segment) error
	// Labels are the segments that labels of a scheme have become and that are not put
	// away, by id.
	Labels(ctx context.Context, scheme string) ([]Segment, error)
	// CheckWithdraw refuses one that others ask about. It writes nothing.
	CheckWithdraw(ctx context.Context, id string) error
	// Withdraw puts a segment away, if it is there and still gone with this run.
	Withdraw(ctx context.Context, s Segment) error
	// Form publishes segments together and waits until they show their definitions'
	// members. job names the call.
	Form(ctx context.Context, job string, ids []string, report func(done, total int64, stage string)) error
}

// Deps is what the room is given.
type Deps struct {
	Store      *Store
	Facts      Facts
	Segments   Segments
	Compile    partition.Compile
	Operations *operation.Manager
	// CatchUp returns when the facts hold everything acknowledged before the call, with a
	// fault where those of some names have never been read. job names the call.
	CatchUp func(ctx context.Context, job string, reads []string) error
}

// Server is the SchemeService. It is safe for concurrent use.
type Server struct {
	store      *Store
	facts      Facts
	segments   Segments
	compile    partition.Compile
	operations *operation.Manager
	catchUp    func(ctx context.Context, job string, reads []string) error

	mu     sync.Mutex
	opened map[string]*partition.Opened // by the names of runs
}

var _ segmentationv1.SchemeServiceServer = (*Server)(nil)

// NewServer makes the server and registers its operations.
func NewServer(d Deps) (*Server, error) {
	s := &Server{store: d.Store, facts: d.Facts, segments: d.Segments, compile: d.Compile, operations: d.Operations, catchUp: d.CatchUp, opened: make(map[string]*partition.Opened)}
	return s, s.register()
}

func (s *Server) now() time.Time { return s.store.now() }

// GetScheme returns one scheme.
func (s *Server) GetScheme(ctx context.Context, r *segmentationv1.GetSchemeRequest) (*segmentationv1.Scheme, error) {
	id, err := parseScheme("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.store.scheme(ctx, id)
	if err != nil {
		return nil, err
	}
	return found.shown()
}

// shown is the scheme as the API has it.
func (s *scheme) shown() (*segmentationv1.Scheme, error) {
	m, err := s.message()
	if err != nil {
		return nil, err
	}
	m.Name, m.Etag = schemeName(s.id()), etag.Of(s.Version)
	m.CreateTime, m.UpdateTime = timestamppb.New(s.CreatedAt), timestamppb.New(s.UpdatedAt)
	if s.Published != "" {
		m.PublishedRun = runName(s.id(), s.Published)
	}
	return m, nil
}

// ListSchemes lists schemes.
func (s *Server) ListSchemes(ctx context.Context, r *segmentationv1.ListSchemesRequest) (*segmentationv1.ListSchemesResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := s.store.schemes.Page(ctx, docstore.Range{After: after, Limit: size})
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ListSchemesResponse{}
	for _, one := range found {
		m, err := one.shown()
		if err != nil {
			return nil, err
		}
		answer.Schemes = append(answer.Schemes, m)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// CreateScheme plans a scheme.
func (s *Server) CreateScheme(ctx context.Context, r *segmentationv1.CreateSchemeRequest) (*segmentationv1.Scheme, error) {
	if !schemeID.MatchString(r.GetSchemeId()) {
		return nil, fault.Invalid("scheme_id", "must be 1 to 32 lower-case letters, digits and '-', beginning with a letter")
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	now := s.now()
	m := planned(nil, r.GetScheme(), changeable, now)
	m.State, m.Version, m.Versions, m.VersionNote = segmentationv1.SchemeState_SCHEME_STATE_DRAFT, 1, nil, ""
	if err := s.check(r.GetSchemeId(), m); err != nil {
		return nil, err
	}
	made := &scheme{Request: key, CreatedAt: now}
	made.ID = docstore.ID(r.GetSchemeId())
	if err := made.keep(m); err != nil {
		return nil, err
	}
	if r.GetValidateOnly() {
		found, err := s.store.scheme(ctx, r.GetSchemeId())
		if err == nil {
			return existing(found, key)
		}
		if fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		made.Version, made.UpdatedAt = 1, now
		return made.shown()
	}
	err = s.store.schemes.Insert(ctx, made)
	if errors.Is(err, docstore.ErrConflict) {
		found, err := s.store.scheme(ctx, r.GetSchemeId())
		if err != nil {
			return nil, err
		}
		return existing(found, key)
	}
	if err != nil {
		return nil, err
	}
	return made.shown()
}

// existing is the scheme that has the id already, if the same request has made it.
func existing(found *scheme, key aip.RequestKey) (*segmentationv1.Scheme, error) {
	switch {
	case key.ID != "" && found.Request == key:
		return found.shown()
	case key.ID != "" && found.Request.ID == key.ID:
		return nil, fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id: was used with another scheme; take a new one").With("scheme", schemeName(found.id()))
	}
	return nil, fault.New(fault.AlreadyExists, "SCHEME_EXISTS", "scheme %q exists already", found.id()).With("scheme", schemeName(found.id()))
}

// UpdateScheme changes steps of a scheme.
func (s *Server) UpdateScheme(ctx context.Context, r *segmentationv1.UpdateSchemeRequest) (*segmentationv1.Scheme, error) {
	id, err := parseScheme("scheme.name", r.GetScheme().GetName())
	if err != nil {
		return nil, err
	}
	paths, err := aip.Fields(r.GetUpdateMask(), r.GetScheme(), changeable)
	if err != nil {
		return nil, err
	}
	var would *scheme
	changed, err := s.store.schemes.Update(ctx, docstore.ID(id), func(found *scheme) error {
		if err := etag.Check(r.GetScheme().GetEtag(), found.Version); err != nil {
			return err
		}
		before, err := found.message()
		if err != nil {
			return err
		}
		if before.GetState() == segmentationv1.SchemeState_SCHEME_STATE_PUBLISHED {
			return fault.New(fault.FailedPrecondition, "SCHEME_PUBLISHED", "version %d of scheme %q serves: begin the next with NewSchemeVersion", before.GetVersion(), id).
				With("scheme", schemeName(id))
		}
		m := planned(before, r.GetScheme(), paths, s.now())
		if proto.Equal(before, m) {
			return docstore.ErrUnchanged
		}
		if err := s.check(id, m); err != nil {
			return err
		}
		if err := found.keep(m); err != nil {
			return err
		}
		if r.GetValidateOnly() {
			copied := *found
			would = &copied
			return docstore.ErrUnchanged
		}
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, schemeNotFound(id)
	}
	if err != nil {
		return nil, err
	}
	if would != nil {
		changed = would
	}
	return changed.shown()
}

// NewSchemeVersion begins the next version.
func (s *Server) NewSchemeVersion(ctx context.Context, r *segmentationv1.NewSchemeVersionRequest) (*segmentationv1.Scheme, error) {
	id, err := parseScheme("name", r.GetName())
	if err != nil {
		return nil, err
	}
	changed, err := s.store.schemes.Update(ctx, docstore.ID(id), func(found *scheme) error {
		if err := etag.Check(r.GetEtag(), found.Version); err != nil {
			return err
		}
		m, err := found.message()
		if err != nil {
			return err
		}
		if m.GetState() != segmentationv1.SchemeState_SCHEME_STATE_PUBLISHED {
			return fault.New(fault.FailedPrecondition, "SCHEME_NOT_PUBLISHED", "version %d of scheme %q is not published: change it as it is", m.GetVersion(), id).
				With("scheme", schemeName(id))
		}
		m.State, m.VersionNote = segmentationv1.SchemeState_SCHEME_STATE_REVISING, r.GetNote()
		m.Version++
		return found.keep(m)
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, schemeNotFound(id)
	}
	if err != nil {
		return nil, err
	}
	return changed.shown()
}

// DeleteScheme deletes a scheme that does not serve, and its runs.
func (s *Server) DeleteScheme(ctx context.Context, r *segmentationv1.DeleteSchemeRequest) (*emptypb.Empty, error) {
	id, err := parseScheme("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.store.scheme(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), found.Version); err != nil {
		return nil, err
	}
	if found.Published != "" {
		return nil, fault.New(fault.FailedPrecondition, "SCHEME_SERVES", "segments of %s serve: archive them, or keep the scheme", runName(id, found.Published)).
			With("scheme", schemeName(id))
	}
	err = s.store.schemes.Delete(ctx, found.ID, found.Version)
	switch {
	case errors.Is(err, docstore.ErrNotFound):
		return nil, schemeNotFound(id)
	case errors.Is(err, docstore.ErrConflict):
		return nil, etag.Check(etag.Of(found.Version), found.Version+1)
	case err != nil:
		return nil, err
	}
	return &emptypb.Empty{}, s.store.runs.Purge(ctx, docstore.Within(docstore.ID(id)))
}

// planned is a scheme with some fields taken from another message. A step that changes
// notes when.
func planned(before, given *segmentationv1.Scheme, paths []string, now time.Time) *segmentationv1.Scheme {
	m := &segmentationv1.Scheme{}
	if before != nil {
		m = proto.CloneOf(before)
	}
	given = proto.CloneOf(given)
	at := timestamppb.New(now)
	has := func(path string) bool { return slices.Contains(paths, path) }
	if has("display_name") {
		m.DisplayName = given.GetDisplayName()
	}
	if has("objective") && given.GetObjective() != nil {
		given.Objective.DecideTime = m.GetObjective().GetDecideTime()
		if !proto.Equal(given.GetObjective(), m.GetObjective()) {
			given.Objective.DecideTime = at
		}
		m.Objective = given.GetObjective()
	}
	if has("method") && given.GetMethod() != nil {
		given.Method.DecideTime = m.GetMethod().GetDecideTime()
		if !proto.Equal(given.GetMethod(), m.GetMethod()) {
			given.Method.DecideTime = at
		}
		m.Method = given.GetMethod()
	}
	if has("data") && given.GetData() != nil {
		given.Data.DecideTime = m.GetData().GetDecideTime()
		if !proto.Equal(given.GetData(), m.GetData()) {
			given.Data.DecideTime = at
		}
		m.Data = given.GetData()
	}
	if has("variables") && given.GetVariables() != nil {
		given.Variables.DecideTime = m.GetVariables().GetDecideTime()
		if !proto.Equal(given.GetVariables(), m.GetVariables()) {
			given.Variables.DecideTime = at
		}
		m.Variables = given.GetVariables()
	}
	if has("thresholds") {
		m.Thresholds = given.GetThresholds()
	}
	if has("weights") {
		m.Weights = given.GetWeights()
	}
	m.Thresholds, m.Weights = withDefaults(m.GetThresholds()), weighed(m.GetWeights())
	return m
}
