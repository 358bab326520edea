package economics

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/emptypb"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// GetEconomicLine returns one line.
func (s *Server) GetEconomicLine(ctx context.Context, r *valuationv1.GetEconomicLineRequest) (*valuationv1.EconomicLine, error) {
	id, err := aip.ParseID("name", r.GetName(), linePattern)
	if err != nil {
		return nil, err
	}
	l, err := s.docs.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, err
	}
	return l.proto(), nil
}

// ListEconomicLines lists the lines of a customer, of a segment, or all.
func (s *Server) ListEconomicLines(ctx context.Context, r *valuationv1.ListEconomicLinesRequest) (*valuationv1.ListEconomicLinesResponse, error) {
	span := docstore.Range{}
	switch {
	case r.GetCustomer() != "" && r.GetSegment() != "":
		return nil, fault.Invalid("segment", "must not be given together with customer")
	case r.GetCustomer() != "":
		id, err := aip.ParseID("customer", r.GetCustomer(), customerPattern)
		if err != nil {
			return nil, err
		}
		span = subject(customerKey(id))
	case r.GetSegment() != "":
		id, err := aip.ParseID("segment", r.GetSegment(), segmentPattern)
		if err != nil {
			return nil, err
		}
		span = subject(segmentKey(id))
	}
	var err error
	if span.After, span.Limit, err = aip.Place(r); err != nil {
		return nil, err
	}
	docs, next, err := s.docs.Page(ctx, span)
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ListEconomicLinesResponse{EconomicLines: make([]*valuationv1.EconomicLine, len(docs))}
	for i, l := range docs {
		answer.EconomicLines[i] = l.proto()
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// CreateEconomicLine adds a line.
func (s *Server) CreateEconomicLine(ctx context.Context, r *valuationv1.CreateEconomicLineRequest) (*valuationv1.EconomicLine, error) {
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	l := &line{Request: key, CreatedAt: s.now()}
	id := r.GetLineId()
	if id == "" {
		id = newID(key)
	} else if f := ident.Check("line_id", id); f != nil {
		return nil, f
	}
	l.ID = docstore.ID(id)
	if err := s.belong(ctx, l, r.GetEconomicLine()); err != nil {
		return nil, err
	}
	l.take(r.GetEconomicLine(), changeable)
	if err := l.check(); err != nil {
		return nil, err
	}
	if r.GetValidateOnly() {
		return s.wouldBe(ctx, l)
	}
	err = s.docs.Insert(ctx, l)
	if errors.Is(err, docstore.ErrConflict) {
		return s.existing(ctx, l)
	}
	if err != nil {
		return nil, err
	}
	return l.proto(), nil
}

// wouldBe is a line that is not written.
func (s *Server) wouldBe(ctx context.Context, l *line) (*valuationv1.EconomicLine, error) {
	answer, err := s.existing(ctx, l)
	if errors.Is(err, docstore.ErrNotFound) {
		l.UpdatedAt, l.Version = l.CreatedAt, 1
		return l.proto(), nil
	}
	return answer, err
}

// existing is the line that has the id already, if the same request has made it.
func (s *Server) existing(ctx context.Context, l *line) (*valuationv1.EconomicLine, error) {
	found, err := s.docs.Get(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	return found.proto(), repeats(l.Request, found)
}

// belong says whose a new line is. The customer must exist.
func (s *Server) belong(ctx context.Context, l *line, given *valuationv1.EconomicLine) (err error) {
	switch subject := given.GetSubject().(type) {
	case *valuationv1.EconomicLine_Customer:
		if l.Customer, err = aip.ParseID(field+"customer", subject.Customer, customerPattern); err != nil {
			return err
		}
		return s.profile.Exists(ctx, l.Customer)
	case *valuationv1.EconomicLine_Segment:
		l.Segment, err = aip.ParseID(field+"segment", subject.Segment, segmentPattern)
		return err
	default:
		return fault.Invalid(field+"customer", "must be given, or segment: a line belongs to one of them")
	}
}

// UpdateEconomicLine changes the fields of a line that the mask names.
func (s *Server) UpdateEconomicLine(ctx context.Context, r *valuationv1.UpdateEconomicLineRequest) (*valuationv1.EconomicLine, error) {
	given := r.GetEconomicLine()
	id, err := aip.ParseID(field+"name", given.GetName(), linePattern)
	if err != nil {
		return nil, err
	}
	changed, err := aip.Fields(r.GetUpdateMask(), given, changeable)
	if err != nil {
		return nil, err
	}
	var would *line
	l, err := s.docs.Update(ctx, docstore.ID(id), func(l *line) error {
		if err := etag.Check(given.GetEtag(), l.Version); err != nil {
			return err
		}
		before := *l
		l.take(given, changed)
		if err := l.check(); err != nil {
			return err
		}
		if r.GetValidateOnly() {
			copied := *l
			would = &copied
			return docstore.ErrUnchanged
		}
		if *l == before {
			return docstore.ErrUnchanged
		}
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, err
	}
	if would != nil {
		l = would
	}
	return l.proto(), nil
}

// DeleteEconomicLine removes a line.
func (s *Server) DeleteEconomicLine(ctx context.Context, r *valuationv1.DeleteEconomicLineRequest) (*emptypb.Empty, error) {
	id, err := aip.ParseID("name", r.GetName(), linePattern)
	if err != nil {
		return nil, err
	}
	for {
		l, err := s.docs.Get(ctx, docstore.ID(id))
		if errors.Is(err, docstore.ErrNotFound) {
			return nil, notFound(id)
		}
		if err != nil {
			return nil, err
		}
		if err := etag.Check(r.GetEtag(), l.Version); err != nil {
			return nil, err
		}
		err = s.docs.Delete(ctx, l.ID, l.Version)
		if errors.Is(err, docstore.ErrConflict) {
			continue // changed meanwhile: its etag is to be looked at again
		}
		if errors.Is(err, docstore.ErrNotFound) {
			return nil, notFound(id)
		}
		return &emptypb.Empty{}, err
	}
}
