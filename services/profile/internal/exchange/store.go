package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// rateDoc is a rate as it is stored, under from!to!start: the rates of a pair are
// one range, by day.
type rateDoc struct {
	docstore.Meta `bson:",inline"`
	From          string `bson:"from"`
	To            string `bson:"to"`
	Start         string `bson:"start"`
	Value         string `bson:"value"`
	Source        string `bson:"source,omitempty"`
}

func (d *rateDoc) rate() Rate {
	return Rate{From: d.From, To: d.To, Start: d.Start, Value: d.Value, Source: d.Source, UpdatedAt: d.UpdatedAt}
}

// Rates keeps the rates.
type Rates struct {
	docs *docstore.Collection[rateDoc]
}

// Open opens the collection.
func Open(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Rates, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[rateDoc]{
		Name: "exchange_rates",
		Indexes: []docstore.Index[rateDoc]{{Name: "to", Key: func(d *rateDoc) string {
			return docstore.Key(docstore.String(d.To), docstore.String(d.From), docstore.String(d.Start))
		}}},
	}, docstore.WithClock(clock))
	return &Rates{docs}, err
}

// Set stores a rate in place of one of the same pair and day.
func (s *Rates) Set(ctx context.Context, r Rate) error {
	_, err := s.docs.Upsert(ctx, docstore.ID(r.From, r.To, r.Start), func(d *rateDoc, exists bool) error {
		if exists && d.Value == r.Value && d.Source == r.Source {
			return docstore.ErrUnchanged
		}
		d.From, d.To, d.Start, d.Value, d.Source = r.From, r.To, r.Start, r.Value, r.Source
		return nil
	})
	return err
}

// Get returns a rate, or a NotFound fault EXCHANGE_RATE_NOT_FOUND.
func (s *Rates) Get(ctx context.Context, from, to, start string) (Rate, error) {
	d, err := s.docs.Get(ctx, docstore.ID(from, to, start))
	if errors.Is(err, docstore.ErrNotFound) {
		return Rate{}, notFound(from, to, start)
	}
	if err != nil {
		return Rate{}, err
	}
	return d.rate(), nil
}

// Delete removes a rate. A NotFound fault where there is none.
func (s *Rates) Delete(ctx context.Context, from, to, start string) error {
	for {
		d, err := s.docs.Get(ctx, docstore.ID(from, to, start))
		if err == nil {
			err = s.docs.Delete(ctx, d.ID, d.Version)
		}
		switch {
		case errors.Is(err, docstore.ErrNotFound):
			return notFound(from, to, start)
		case !errors.Is(err, docstore.ErrConflict):
			return err
		}
	}
}

func notFound(from, to, start string) *fault.Fault {
	return fault.New(fault.NotFound, "EXCHANGE_RATE_NOT_FOUND", "there is no rate from %s to %s that starts on %s", from, to, start)
}

// Page lists rates by pair and day, those of a currency or a pair where named.
func (s *Rates) Page(ctx context.Context, from, to string, after *docstore.Position, size int) ([]Rate, *docstore.Position, error) {
	var r docstore.Range
	switch {
	case to != "":
		r = docstore.Within(docstore.ID(from, to))
	case from != "":
		r = docstore.Within(docstore.ID(from))
	}
	r.After, r.Limit = after, size
	docs, next, err := s.docs.Page(ctx, r)
	rates := make([]Rate, len(docs))
	for i, d := range docs {
		rates[i] = d.rate()
	}
	return rates, next, err
}

// Into reads all rates into a currency.
func (s *Rates) Into(ctx context.Context, to string) (*Table, error) {
	r := docstore.Within(docstore.Key(docstore.String(to)))
	r.Index = "to"
	t := newTable(to)
	for d, err := range s.docs.Scan(ctx, r) {
		if err == nil {
			err = t.add(d.rate())
		}
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Sweep removes tombstones made before a time.
func (s *Rates) Sweep(ctx context.Context, before time.Time) error {
	_, err := s.docs.Sweep(ctx, before)
	return err
}
