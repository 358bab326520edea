package standing

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// A publication is how many were in a segment as of a generation. It is kept for as
// long as the list of that generation can be paged through.
type publication struct {
	docstore.Meta `bson:",inline"`
	Members       int64 `bson:"members"` // those who were erased since too
}

type publications struct {
	docs *docstore.Collection[publication]
}

func openPublications(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*publications, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[publication]{Name: "publications"}, docstore.WithClock(clock))
	return &publications{docs}, err
}

func publicationID(segment string, generation int64) string {
	return segment + "!" + digits(generation)
}

// note writes what a segment comes to with a generation, before it shows it.
func (s *publications) note(ctx context.Context, segment string, generation, members int64) error {
	_, err := s.docs.Upsert(ctx, publicationID(segment, generation), func(p *publication, exists bool) error {
		if exists {
			return docstore.ErrUnchanged
		}
		p.Members = members
		return nil
	})
	return err
}

func (s *publications) get(ctx context.Context, segment string, generation int64) (*publication, error) {
	p, err := s.docs.Get(ctx, publicationID(segment, generation))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	return p, err
}

// A release is the publication, with a generation, of moves that had been held. It is
// kept for as long as those are: of all others the instant of the move is the one at
// which it was published, so that the past needs no publications.
type release struct {
	docstore.Meta `bson:",inline"`
	At            time.Time `bson:"at"`   // the instant that was evaluated
	From          int64     `bson:"from"` // the generation behind the one that was shown before
}

type releases struct {
	docs *docstore.Collection[release]
}

const byTime = "time"

func openReleases(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*releases, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[release]{
		Name: "releases",
		Indexes: []docstore.Index[release]{{Name: byTime, Key: func(r *release) string {
			return docstore.Key(docstore.String(docstore.ParseID(r.ID)[0]), docstore.Time(r.At))
		}}},
	}, docstore.WithClock(clock))
	return &releases{docs}, err
}

func (s *releases) note(ctx context.Context, segment string, generation int64, of release) error {
	_, err := s.docs.Upsert(ctx, publicationID(segment, generation), func(r *release, exists bool) error {
		if exists {
			return docstore.ErrUnchanged
		}
		r.At, r.From = of.At, of.From
		return nil
	})
	return err
}

// after is the first release of a segment behind an instant, nil where there is none.
func (s *releases) after(ctx context.Context, segment string, born int64, at time.Time) (*release, error) {
	name := docstore.String(segment)
	r := docstore.Within(docstore.Key(name))
	r.Index, r.From = byTime, docstore.Key(name, docstore.Time(at.Add(time.Millisecond)))
	for found, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		if found.From > born { // of another that had its id before
			return found, nil
		}
	}
	return nil, nil
}
