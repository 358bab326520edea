// Package glossary tells what rules can say of customers.
package glossary

import (
	"context"
	"slices"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Server is the FactService. It is safe for concurrent use.
type Server struct {
	// Attributes reads the definitions of the attributes of the company's own.
	Attributes func(context.Context) ([]facts.Attribute, error)
}

var _ segmentationv1.FactServiceServer = (*Server)(nil)

// ListFacts lists the facts.
func (s *Server) ListFacts(ctx context.Context, r *segmentationv1.ListFactsRequest) (*segmentationv1.ListFactsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	fields, err := s.fields(ctx)
	if err != nil {
		return nil, err
	}
	if after != nil { // what has been defined since may come up, or not
		fields = slices.DeleteFunc(fields, func(f facts.Field) bool { return f.Name <= after.ID })
	}
	answer := &segmentationv1.ListFactsResponse{}
	for _, f := range fields[:min(size, len(fields))] {
		answer.Facts = append(answer.Facts, message(&f))
	}
	if size < len(fields) {
		answer.NextPageToken, err = aip.NextToken(&docstore.Position{ID: fields[size-1].Name}, r)
	}
	return answer, err
}

// fields are the facts that expressions can name, by their names.
func (s *Server) fields(ctx context.Context) ([]facts.Field, error) {
	attributes, err := s.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	var fields []facts.Field
	for _, f := range facts.Fields {
		if f.Type != facts.Amounts && f.Type != facts.Purchases { // those are behind functions
			fields = append(fields, f)
		}
	}
	for _, a := range attributes {
		if !a.Sensitive {
			fields = append(fields, a.Field())
		}
	}
	slices.SortFunc(fields, func(a, b facts.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields, nil
}

func message(f *facts.Field) *segmentationv1.Fact {
	return &segmentationv1.Fact{
		FactId: f.Name, Type: string(f.Type), Section: string(f.Section),
		Label: f.LabelEn, LabelZh: f.LabelZh, Unit: f.Unit, Description: f.DocEn, DescriptionZh: f.DocZh,
	}
}
