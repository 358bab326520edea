package store

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Deletions notes the segments that are being deleted, so that what is left of
// them is removed even if the process ends.
type Deletions struct {
	docs *docstore.Collection[deletion]
}

// Deletion is such a note.
type Deletion struct {
	Segment string
	Born    int64
	At      time.Time
	// List is by what facts name its list, empty where it was none; From is the escaped
	// id from which on customers may still be on it.
	List, From string
}

type deletion struct {
	docstore.Meta `bson:",inline"`
	Segment       string    `bson:"segment"`
	Born          int64     `bson:"born"`
	At            time.Time `bson:"at"`
	List          string    `bson:"list,omitempty"`
	From          string    `bson:"from,omitempty"`
}

func openDeletions(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Deletions, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[deletion]{Name: "deletions"}, docstore.WithClock(clock))
	return &Deletions{docs}, err
}

// Note writes the note, anew if it is there.
func (s *Deletions) Note(ctx context.Context, d Deletion) error {
	_, err := s.docs.Upsert(ctx, passID(d.Segment, d.Born), func(doc *deletion, _ bool) error {
		doc.Segment, doc.Born, doc.At, doc.List, doc.From = d.Segment, d.Born, d.At, d.List, d.From
		return nil
	})
	return err
}

// All returns the notes, which are few.
func (s *Deletions) All(ctx context.Context) ([]Deletion, error) {
	var all []Deletion
	for doc, err := range s.docs.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, Deletion{doc.Segment, doc.Born, doc.At, doc.List, doc.From})
	}
	return all, nil
}

// Forget removes a note.
func (s *Deletions) Forget(ctx context.Context, d Deletion) error {
	err := s.docs.Delete(ctx, passID(d.Segment, d.Born), docstore.Any)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}
