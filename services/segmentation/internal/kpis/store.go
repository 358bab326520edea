package kpis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Store keeps what was measured, under segment, birth and date.
type Store struct {
	docs *docstore.Collection[kpiDoc]
}

type kpiDoc struct {
	docstore.Meta `bson:",inline"`
	Segment       string    `bson:"segment"`
	Born          int64     `bson:"born"`
	Date          string    `bson:"date"`
	AsOf          time.Time `bson:"as_of"`
	Zone          string    `bson:"zone"`
	Generation    int64     `bson:"generation"`
	Members       int64     `bson:"members"`
	Previous      time.Time `bson:"previous,omitempty"`
	Entered       int64     `bson:"entered"`
	Left          int64     `bson:"left"`
	Figures       Figures   `bson:"figures"`
}

// OpenStore opens the collection, creating it where it is missing.
func OpenStore(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[kpiDoc]{Name: "kpis"}, docstore.WithClock(clock))
	return &Store{docs}, err
}

// within is where the days of a segment are: a segment made anew has none of the old one's.
func within(segment string, born int64) string {
	return docstore.ID(segment, fmt.Sprintf("%016d", born))
}

func idOf(segment string, born int64, date string) string {
	return within(segment, born) + "!" + docstore.ID(date)
}

func (d *kpiDoc) kpi() Kpi {
	return Kpi{
		Segment: d.Segment, Born: d.Born, Date: d.Date, AsOf: d.AsOf.UTC(), Zone: d.Zone, Generation: d.Generation, Members: d.Members,
		Previous: d.Previous.UTC(), Entered: d.Entered, Left: d.Left, Figures: d.Figures,
	}
}

// Get returns a day of a segment, nil where it was not measured.
func (s *Store) Get(ctx context.Context, segment string, born int64, date string) (*Kpi, error) {
	doc, err := s.docs.Get(ctx, idOf(segment, born, date))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	k := doc.kpi()
	return &k, nil
}

// Page lists the days of a segment from one date to another, both inclusive and open
// where empty: the latest first, from behind a position. The position returned is
// where the next page begins, nil at the end.
func (s *Store) Page(ctx context.Context, segment string, born int64, from, to string, after *docstore.Position, size int) ([]Kpi, *docstore.Position, error) {
	r := docstore.Within(within(segment, born))
	if from != "" {
		r.From = idOf(segment, born, from)
	}
	if to != "" {
		r.To = idOf(segment, born, to) + "!"
	}
	r.Reverse, r.After, r.Limit = true, after, size
	docs, next, err := s.docs.Page(ctx, r)
	days := make([]Kpi, len(docs))
	for i, doc := range docs {
		days[i] = doc.kpi()
	}
	return days, next, err
}

// Latest is the day of a segment that was measured last, nil before the first.
func (s *Store) Latest(ctx context.Context, segment string, born int64) (*Kpi, error) {
	days, _, err := s.Page(ctx, segment, born, "", "", nil, 1)
	if err != nil || len(days) == 0 {
		return nil, err
	}
	return &days[0], nil
}

// Keep writes a day down, unless another process was faster.
func (s *Store) Keep(ctx context.Context, k *Kpi) error {
	err := s.docs.Insert(ctx, &kpiDoc{
		Meta: docstore.Meta{ID: idOf(k.Segment, k.Born, k.Date)}, Segment: k.Segment, Born: k.Born, Date: k.Date, AsOf: k.AsOf, Zone: k.Zone,
		Generation: k.Generation, Members: k.Members, Previous: k.Previous, Entered: k.Entered, Left: k.Left, Figures: k.Figures,
	})
	if errors.Is(err, docstore.ErrConflict) {
		return nil
	}
	return err
}

// Clear removes the days of segments that exists does not know any more.
func (s *Store) Clear(ctx context.Context, exists func(segment string, born int64) bool) error {
	for from := ""; ; {
		docs, _, err := s.docs.Page(ctx, docstore.Range{From: from, Limit: 1})
		if err != nil || len(docs) == 0 {
			return err
		}
		all := docstore.Within(within(docs[0].Segment, docs[0].Born))
		if !exists(docs[0].Segment, docs[0].Born) {
			if err := s.docs.Purge(ctx, all); err != nil {
				return err
			}
		}
		from = all.To
	}
}
