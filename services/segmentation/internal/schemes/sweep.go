package schemes

import (
	"context"
	"time"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
)

// sweepAfter is how long a publication that died is left alone: somebody may be mending
// what it died of.
const sweepAfter = 10 * time.Minute

// Sweep finishes publications that died after their run had become the one that serves:
// some of its segments may still be those of the run before.
func (s *Server) Sweep(ctx context.Context) error {
	var left []*run
	for r, err := range s.store.runs.Scan(ctx, docstore.Range{Index: byState}) {
		if err != nil {
			return err
		}
		if s.now().Sub(r.UpdatedAt) >= sweepAfter {
			left = append(left, r)
		}
	}
	for _, r := range left {
		if err := s.finish(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// finish publishes a run anew that serves and whose publication is over.
func (s *Server) finish(ctx context.Context, r *run) error {
	found, err := s.store.scheme(ctx, r.scheme())
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if found.Published != r.id() {
		return nil // nothing that serves was touched
	}
	if over, err := s.over(ctx, found.Publishing); !over || err != nil {
		return err
	}
	// Noted first, so that it is tried at most once in a while whatever becomes of it.
	_, err = s.store.changeRun(ctx, r.scheme(), r.id(), func(*run, *segmentationv1.SchemeRun) error { return nil })
	if err != nil {
		return err
	}
	_, err = s.operations.Start(ctx, publishKind, operation.Start{Request: &segmentationv1.PublishSchemeRunRequest{Name: r.name()}})
	return err
}

// over tells whether an operation is done, or gone for so long that it was removed.
func (s *Server) over(ctx context.Context, name string) (bool, error) {
	if name == "" {
		return true, nil
	}
	op, err := s.operations.Get(ctx, name)
	if fault.ReasonOf(err) == "OPERATION_NOT_FOUND" {
		return true, nil
	}
	return op.GetDone(), err
}
