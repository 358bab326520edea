package segmentation

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/schemes"
	"github.com/kehuhq/kehu/services/segmentation/internal/templates"
)

// divisions are schemes with their runs, and templates.
type divisions struct {
	store     *schemes.Store
	schemes   *schemes.Server
	templates *templates.Server
}

func openDivisions(ctx context.Context, engine docstore.Engine, clock func() time.Time, p *parts, a *app.App, operations *operation.Manager) (*divisions, error) {
	// Rules of schemes are compiled where nobody waits for long: the book asks for the
	// company's attributes at most twice a minute, and with a deadline.
	compile := func(expression string) (criterion.Criterion, error) {
		return p.criteria.Compile(context.WithoutCancel(ctx), expression)
	}
	d := &divisions{templates: &templates.Server{Compile: compile}}
	var err error
	if d.store, err = schemes.OpenStore(ctx, engine, clock); err != nil {
		return nil, err
	}
	d.schemes, err = schemes.NewServer(schemes.Deps{
		Store: d.store, Facts: p.facts, Segments: labels{a, p}, Compile: compile, Operations: operations,
		CatchUp: func(ctx context.Context, job string, reads []string) error {
			if _, err := p.worker.Form(ctx, job, []string{noSegment}, nil); err != nil {
				return err
			}
			return p.wereRead(ctx, reads)
		},
	})
	p.labelled = func(ctx context.Context, of domain.Partition) (criterion.Criterion, error) {
		if of.Gone {
			return d.schemes.Nobody(ctx, of.Run)
		}
		return d.schemes.Criterion(ctx, of.Run, of.Label)
	}
	p.store.Segments.ServedBy(d.store.Serves)
	return d, err
}

// noSegment is the id of no segment: to have it formed is to bring the facts up to date.
const noSegment = "-"

func (d *divisions) register(r grpc.ServiceRegistrar) {
	segmentationv1.RegisterSchemeServiceServer(r, d.schemes)
	segmentationv1.RegisterSegmentTemplateServiceServer(r, d.templates)
}

// labels are the segments that labels of runs become.
type labels struct {
	app   *app.App
	parts *parts
}

// find returns the segment of that id, nil where there is none; one of other origin is
// a fault.
func (l labels) find(ctx context.Context, s schemes.Segment) (*domain.Segment, error) {
	found, err := l.parts.store.Segments.Get(ctx, s.ID)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if p := found.Definition.Partition; p == nil || p.Scheme() != s.Scheme {
		return nil, fault.New(fault.FailedPrecondition, "SEGMENT_EXISTS", "segment %q exists and is none of %s: rename the label, or delete the segment", s.ID, s.Scheme).
			With("segment", "segments/"+s.ID)
	}
	return &found, nil
}

// Check refuses a segment that could not be made.
func (l labels) Check(ctx context.Context, s schemes.Segment) error {
	if f := domain.CheckSegmentID("segment", s.ID); f != nil {
		return f
	}
	if _, err := l.find(ctx, s); err != nil {
		return err
	}
	made, err := l.parts.partition(ctx, domain.Partition{Run: s.Run, Label: s.Label})
	if err != nil {
		return err
	}
	return l.parts.readable(ctx, made)
}

// Tell tells a label's segment what it becomes with this run, and makes it where there
// is none.
func (l labels) Tell(ctx context.Context, s schemes.Segment) error {
	found, err := l.find(ctx, s)
	if err != nil {
		return err
	}
	to := domain.Turn{
		Run: s.Run, DisplayName: s.DisplayName, Description: s.Description, Labels: map[string]string{"scheme": strings.TrimPrefix(s.Scheme, "schemes/")},
		Definition: domain.Definition{Partition: &domain.Partition{Run: s.Run, Label: s.Label, Gone: s.Gone}},
	}
	switch {
	case found == nil && s.Gone, found != nil && to.Serves(found):
		return nil
	case found == nil:
		_, err := l.app.Create(ctx, domain.Segment{
			ID: s.ID, DisplayName: to.DisplayName, Description: to.Description, Labels: to.Labels, Definition: to.Definition,
		}, false)
		if err != nil {
			return err
		}
	}
	return l.app.Tell(ctx, s.ID, to)
}

// Labels are the segments that labels of a scheme have become and that are not put away.
func (l labels) Labels(ctx context.Context, scheme string) (all []schemes.Segment, err error) {
	for s, err := range l.parts.store.Segments.All(ctx) {
		if err != nil {
			return nil, err
		}
		if p := s.Definition.Partition; s.IsLabel() && p.Scheme() == scheme && (s.State == domain.Published || s.State == domain.Paused) {
			all = append(all, schemes.Segment{
				ID: s.ID, DisplayName: s.DisplayName, Description: s.Description, Scheme: scheme, Run: p.Run, Label: p.Label, Gone: p.Gone,
			})
		}
	}
	return all, nil
}

// CheckWithdraw refuses a segment that others ask about, or name.
func (l labels) CheckWithdraw(ctx context.Context, id string) error {
	relations, err := l.app.Relations(ctx)
	if err != nil {
		return err
	}
	if askers := relations.Askers(id); len(askers) > 0 {
		return domain.InUse(id, "not in the run any more and asked about", askers)
	}
	return l.app.CheckUnused(ctx, id)
}

// Withdraw archives a segment that is gone with a run, that everybody has left, and that
// is not needed again since.
func (l labels) Withdraw(ctx context.Context, s schemes.Segment) error {
	needed := errors.New("the segment is needed")
	_, err := l.app.Archive(ctx, s.ID, func(found *domain.Segment) error {
		p := found.Definition.Partition
		if p == nil || !p.Gone || p.Run != s.Run || found.Formed.Revision != found.Revision {
			return needed
		}
		return nil
	})
	if errors.Is(err, needed) || fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Form forms segments together, and waits until they show their members.
func (l labels) Form(ctx context.Context, job string, ids []string, report func(done, total int64, stage string)) error {
	formed, _, err := l.app.Recompute(ctx, job, ids, func(done, total int64) { report(done, total, "forming the segments") })
	if err != nil {
		return err
	}
	for _, s := range formed {
		if s.Failure != nil {
			return fault.New(fault.FailedPrecondition, s.Failure.Reason, "segment %q cannot be formed: %s", s.ID, s.Failure.Message).With("segment", "segments/"+s.ID)
		}
	}
	return nil
}
