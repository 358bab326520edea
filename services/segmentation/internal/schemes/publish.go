package schemes

import (
	"context"
	"errors"
	"slices"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
)

// publishState is how far a publication is: what it has done, it does again without
// effect.
type publishState struct {
	Switched bool
}

// PublishSchemeRun starts publishing a run, if its gate is open.
func (s *Server) PublishSchemeRun(ctx context.Context, r *segmentationv1.PublishSchemeRunRequest) (*longrunningpb.Operation, error) {
	scheme, id, err := parseRun("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.store.run(ctx, scheme, id)
	if err != nil {
		return nil, err
	}
	if _, err := s.admit(ctx, found, r.GetOverrides()); err != nil {
		return nil, err
	}
	return s.operations.Start(ctx, publishKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// admit checks that a run may be published: it is computed, and its gate is open but
// for what is overridden.
func (s *Server) admit(ctx context.Context, r *run, overrides []*segmentationv1.GateOverride) (*segmentationv1.Scheme, error) {
	m, err := r.message()
	if err != nil {
		return nil, err
	}
	if r.Model == nil || m.GetState() == segmentationv1.SchemeRunState_SCHEME_RUN_STATE_FAILED {
		return nil, fault.New(fault.FailedPrecondition, "RUN_NOT_READY", "%s is %s: only what was computed can be published", r.name(), stateName(m.GetState())).
			With("run", r.name())
	}
	if m.GetState() != segmentationv1.SchemeRunState_SCHEME_RUN_STATE_READY && len(overrides) == 0 {
		overrides = m.GetOverrides() // it was admitted with these before
	}
	g, plan, err := s.gate(ctx, r.scheme(), m)
	if err != nil {
		return nil, err
	}
	if g, err = overridden(g, overrides); err != nil {
		return nil, err
	}
	return plan, closed(g, r.name())
}

// publish makes a run the one that serves.
func (s *Server) publish(ctx context.Context, o *publishing) (proto.Message, error) {
	scheme, id, err := parseRun("name", o.Request.GetName())
	if err != nil {
		return nil, err
	}
	r, err := s.store.run(ctx, scheme, id)
	if err != nil {
		return nil, err
	}
	if !o.State.Switched {
		if r, err = s.change(ctx, r, o); err != nil {
			return nil, err
		}
		if err := o.Checkpoint(ctx, publishState{Switched: true}); err != nil {
			return nil, err
		}
	}
	if err := s.carryOn(ctx, r, o); err != nil {
		return nil, err
	}
	if r, err = s.conclude(ctx, r); err != nil {
		return nil, err
	}
	return s.shownRun(ctx, r)
}

// change makes a run the one that serves, unless an earlier publication, which died
// afterwards, has done so.
func (s *Server) change(ctx context.Context, r *run, o *publishing) (*run, error) {
	found, err := s.store.scheme(ctx, r.scheme())
	if err != nil {
		return nil, err
	}
	if found.Published == r.id() && r.State == int32(segmentationv1.SchemeRunState_SCHEME_RUN_STATE_PUBLISHING) {
		_, err := s.lock(ctx, r, o.Name)
		return r, err
	}
	plan, err := s.admit(ctx, r, o.Request.GetOverrides())
	if err != nil {
		return nil, err
	}
	if r, err = s.prepare(ctx, r, plan, o); err != nil {
		return nil, err
	}
	o.Progress(1, 3, "telling the segments")
	if err := o.Checkpoint(ctx, o.State); err != nil { // it is still this one's
		return nil, err
	}
	if _, err := s.tell(ctx, r); err != nil {
		return nil, err
	}
	return r, s.swap(ctx, r, o.Name)
}

// prepare checks that every segment can be made, and notes in the run what it will be.
// Nothing that serves is touched.
func (s *Server) prepare(ctx context.Context, r *run, plan *segmentationv1.Scheme, o *publishing) (*run, error) {
	o.Progress(0, 3, "checking the segments")
	m, err := r.message()
	if err != nil {
		return nil, err
	}
	for _, segment := range segmentsOf(m) {
		if err := s.segments.Check(ctx, segment); err != nil {
			return nil, err
		}
	}
	previous, err := s.lock(ctx, r, o.Name)
	if err != nil {
		return nil, err
	}
	gone, err := s.gone(ctx, m)
	if err != nil {
		return nil, err
	}
	for _, segment := range gone {
		if err := s.segments.CheckWithdraw(ctx, segment.ID); err != nil {
			return nil, err
		}
	}
	return s.store.changeRun(ctx, r.scheme(), r.id(), func(r *run, m *segmentationv1.SchemeRun) error {
		if m.GetState() != segmentationv1.SchemeRunState_SCHEME_RUN_STATE_PUBLISHING {
			r.Previous = previous
			if overrides := o.Request.GetOverrides(); len(overrides) > 0 {
				m.Overrides = nil
				for _, given := range overrides {
					given = proto.CloneOf(given)
					given.DecideTime = timestamppb.New(s.now())
					m.Overrides = append(m.Overrides, given)
				}
			}
		}
		m.State, m.Operation, m.Scheme = segmentationv1.SchemeRunState_SCHEME_RUN_STATE_PUBLISHING, o.Name, plan
		m.PublishedLabels = nil
		for _, segment := range segmentsOf(m) {
			label := &segmentationv1.PublishedLabel{Label: segment.Label, Segment: "segments/" + segment.ID}
			for _, c := range r.Continued {
				if c.Label == segment.Label {
					label.Continues, label.Agreement = c.From, c.Agreement
				}
			}
			m.PublishedLabels = append(m.PublishedLabels, label)
		}
		return nil
	})
}

// segmentsOf are the segments of a run's labels.
func segmentsOf(m *segmentationv1.SchemeRun) (all []Segment) {
	scheme, _, _ := parseRun("name", m.GetName())
	title := or(m.GetScheme().GetDisplayName(), scheme)
	for _, l := range m.GetSegmentation().GetLabels() {
		if !published(l.GetLabel()) {
			continue
		}
		segment := Segment{
			ID: segmentID(scheme, l.GetLabel()), Scheme: schemeName(scheme), Run: m.GetName(), Label: l.GetLabel(),
			DisplayName: clip(title+": "+l.GetDisplayName()+" "+l.GetDisplayNameZh(), 128),
		}
		for _, d := range m.GetDescriptions() {
			if d.GetLabel() == l.GetLabel() {
				segment.Description = clip(d.GetText()+"\n"+d.GetTextZh(), 2048)
			}
		}
		all = append(all, segment)
	}
	return all
}

// clip cuts a text to so many characters.
func clip(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// gone are the segments of labels that this run does not have.
func (s *Server) gone(ctx context.Context, m *segmentationv1.SchemeRun) (gone []Segment, err error) {
	scheme, _, err := parseRun("name", m.GetName())
	if err != nil {
		return nil, err
	}
	before, err := s.segments.Labels(ctx, schemeName(scheme))
	if err != nil {
		return nil, err
	}
	now := segmentsOf(m)
	for _, segment := range before {
		if !slices.ContainsFunc(now, func(other Segment) bool { return other.ID == segment.ID }) {
			segment.Run, segment.Gone = m.GetName(), true
			gone = append(gone, segment)
		}
	}
	return gone, nil
}

// tell tells the segments what they become when the run serves, and returns all of them.
func (s *Server) tell(ctx context.Context, r *run) ([]Segment, error) {
	m, err := r.message()
	if err != nil {
		return nil, err
	}
	gone, err := s.gone(ctx, m)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(segmentsOf(m), gone)
	for _, segment := range all {
		if err := s.segments.Tell(ctx, segment); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// lock lets one publication of a scheme go on at a time, and returns the run that
// serves before it. A publication whose operation is over has let go.
func (s *Server) lock(ctx context.Context, r *run, name string) (previous string, err error) {
	_, err = s.store.schemes.Update(ctx, r.schemeID(), func(found *scheme) error {
		if held := found.Publishing; held != "" && held != name {
			over, err := s.over(ctx, held)
			if err != nil {
				return err
			}
			if !over {
				return fault.New(fault.FailedPrecondition, "PUBLICATION_RUNNING", "another run of %s is being published by %s", schemeName(r.scheme()), held).
					With("operation", held)
			}
		}
		previous, found.Publishing = found.Published, name
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return "", schemeNotFound(r.scheme())
	}
	if previous == r.id() { // it served already
		previous = r.Previous
	}
	return previous, err
}

// swap makes the run the one that serves: the one write that counts.
func (s *Server) swap(ctx context.Context, r *run, name string) error {
	m, err := r.message()
	if err != nil {
		return err
	}
	version := m.GetScheme().GetVersion()
	_, err = s.store.schemes.Update(ctx, r.schemeID(), func(found *scheme) error {
		plan, err := found.message()
		if err != nil {
			return err
		}
		if found.Publishing != name {
			return lost(r)
		}
		if plan.GetVersion() == version {
			plan.State = segmentationv1.SchemeState_SCHEME_STATE_PUBLISHED
		}
		entry := &segmentationv1.SchemeVersion{Version: version, Run: r.name(), PublishTime: timestamppb.New(s.now()), Note: m.GetScheme().GetVersionNote()}
		if at := slices.IndexFunc(plan.GetVersions(), func(v *segmentationv1.SchemeVersion) bool { return v.GetVersion() == version }); at >= 0 {
			plan.Versions[at] = entry
		} else {
			plan.Versions = append(plan.Versions, entry)
		}
		found.Published = r.id()
		return found.keep(plan)
	})
	return err
}

func lost(r *run) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "PUBLICATION_OVERTAKEN", "another publication of %s has begun meanwhile", schemeName(r.scheme()))
}

// carryOn has the segments formed that the run has become, all of them together, and
// puts those away that are gone.
func (s *Server) carryOn(ctx context.Context, r *run, o *publishing) error {
	found, err := s.store.scheme(ctx, r.scheme())
	if err != nil {
		return err
	}
	if found.Publishing != o.Name || found.Published != r.id() {
		return lost(r)
	}
	o.Progress(2, 3, "forming the segments")
	if err := o.Checkpoint(ctx, o.State); err != nil { // it is still this one's
		return err
	}
	all, err := s.tell(ctx, r) // those that were deleted or put away meanwhile
	if err != nil {
		return err
	}
	var ids []string
	for _, segment := range all {
		ids = append(ids, segment.ID)
	}
	if err := s.segments.Form(ctx, o.Name, ids, o.Progress); err != nil {
		return err
	}
	for _, segment := range all {
		if segment.Gone {
			if err := s.segments.Withdraw(ctx, segment); err != nil {
				return err
			}
		}
	}
	return nil
}

// conclude notes that the run serves and the one before does not.
func (s *Server) conclude(ctx context.Context, r *run) (*run, error) {
	if r.Previous != "" {
		_, err := s.store.changeRun(ctx, r.scheme(), r.Previous, func(_ *run, m *segmentationv1.SchemeRun) error {
			m.State = segmentationv1.SchemeRunState_SCHEME_RUN_STATE_SUPERSEDED
			return nil
		})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
	}
	r, err := s.store.changeRun(ctx, r.scheme(), r.id(), func(_ *run, m *segmentationv1.SchemeRun) error {
		m.State, m.PublishTime = segmentationv1.SchemeRunState_SCHEME_RUN_STATE_PUBLISHED, timestamppb.New(s.now())
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, err = s.store.schemes.Update(ctx, r.schemeID(), func(found *scheme) error {
		found.Publishing = ""
		return nil
	})
	return r, err
}

func (r *run) schemeID() string { return docstore.ID(r.scheme()) }
