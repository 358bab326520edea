package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Revisions keeps the definitions that segments had. That which a segment has is in
// the segment alone: it is written down here before it is replaced.
type Revisions struct {
	docs *docstore.Collection[revision]
}

type revision struct {
	docstore.Meta `bson:",inline"`
	Number        int64      `bson:"number"`
	At            time.Time  `bson:"at"`
	Restored      int64      `bson:"restored,omitempty"`
	Definition    definition `bson:",inline"`
}

func openRevisions(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Revisions, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[revision]{Name: "revisions"}, docstore.WithClock(clock))
	return &Revisions{docs}, err
}

// RevisionNotFound is the fault for a revision that does not exist.
func RevisionNotFound(segment string, number int64) *fault.Fault {
	return fault.New(fault.NotFound, "REVISION_NOT_FOUND", "segment %q has no revision %d", segment, number).
		With("segment", "segments/"+segment).With("revision", strconv.FormatInt(number, 10))
}

func revisionID(s *domain.Segment, number int64) string {
	return docstore.ID(s.ID, generationPart(s.Born), generationPart(number))
}

// Keep writes down a segment's revision, which is then not changed any more.
func (s *Revisions) Keep(ctx context.Context, of *domain.Segment) error {
	_, err := s.docs.Upsert(ctx, revisionID(of, of.Revision), func(doc *revision, exists bool) error {
		if exists {
			return docstore.ErrUnchanged
		}
		doc.Number, doc.At, doc.Restored, doc.Definition = of.Revision, of.DefinedAt, of.Restored, definitionDoc(of.Definition)
		return nil
	})
	return err
}

// Get returns a revision of a segment, or a NotFound fault REVISION_NOT_FOUND.
func (s *Revisions) Get(ctx context.Context, of *domain.Segment, number int64) (domain.Revision, error) {
	if number == of.Revision {
		return of.Current(), nil
	}
	doc, err := s.docs.Get(ctx, revisionID(of, number))
	if errors.Is(err, docstore.ErrNotFound) {
		return domain.Revision{}, RevisionNotFound(of.ID, number)
	}
	if err != nil {
		return domain.Revision{}, err
	}
	return doc.domain(), nil
}

// Page lists the revisions of a segment before its current one, newest first, from
// behind a position. The position returned is where the next page begins, nil at the
// end.
func (s *Revisions) Page(ctx context.Context, of *domain.Segment, after *docstore.Position, size int) ([]domain.Revision, *docstore.Position, error) {
	r := docstore.Within(docstore.ID(of.ID, generationPart(of.Born)))
	r.To = revisionID(of, of.Revision)
	r.Reverse, r.After, r.Limit = true, after, size
	docs, next, err := s.docs.Page(ctx, r)
	revisions := make([]domain.Revision, len(docs))
	for i, doc := range docs {
		revisions[i] = doc.domain()
	}
	return revisions, next, err
}

// Before is the place behind the current revision of a segment, from which Page goes on.
func (s *Revisions) Before(of *domain.Segment) docstore.Position {
	return docstore.Position{ID: revisionID(of, of.Revision)}
}

// Purge removes the revisions of a segment, which is deleted.
func (s *Revisions) Purge(ctx context.Context, segment string, born int64) error {
	return s.docs.Purge(ctx, docstore.Within(docstore.ID(segment, generationPart(born))))
}

func (d *revision) domain() domain.Revision {
	return domain.Revision{Number: d.Number, Definition: d.Definition.domain(), At: d.At, Restored: d.Restored}
}
