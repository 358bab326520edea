package economics

import (
	"context"
	"iter"
	"time"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// LinesOf yields the lines of some customers.
func (s *Server) LinesOf(ctx context.Context, customers []string) iter.Seq2[*valuationv1.EconomicLine, error] {
	return func(yield func(*valuationv1.EconomicLine, error) bool) {
		for _, customer := range customers {
			for l, err := range s.docs.Scan(ctx, subject(customerKey(customer))) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(l.proto(), nil) {
					return
				}
			}
		}
	}
}

// LineIDs are the ids of the documents with the lines of some customers.
func (s *Server) LineIDs(ctx context.Context, customers []string) (ids []string, err error) {
	for _, customer := range customers {
		for entry, err := range s.docs.ScanRaw(ctx, subject(customerKey(customer))) {
			if err != nil {
				return nil, err
			}
			ids = append(ids, entry.ID)
		}
	}
	return ids, nil
}

// EraseLines removes lines by the ids of their documents, without a trace.
func (s *Server) EraseLines(ctx context.Context, ids []string) error {
	return s.docs.Erase(ctx, ids...)
}

// SweepTombstones removes what is left of lines deleted before a time.
func (s *Server) SweepTombstones(ctx context.Context, before time.Time) error {
	_, err := s.docs.Sweep(ctx, before)
	return err
}
