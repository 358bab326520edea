package templates

import (
	"context"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

const pattern = "segmentTemplates/{template}"

// Server is the SegmentTemplateService. It is safe for concurrent use.
type Server struct {
	// Compile compiles rules: what they read becomes the variables of schemes.
	Compile partition.Compile
}

var _ segmentationv1.SegmentTemplateServiceServer = (*Server)(nil)

// GetSegmentTemplate returns one template.
func (s *Server) GetSegmentTemplate(_ context.Context, r *segmentationv1.GetSegmentTemplateRequest) (*segmentationv1.SegmentTemplate, error) {
	return s.build(r.GetName(), nil)
}

// BuildSegmentTemplate returns a template with other parameters.
func (s *Server) BuildSegmentTemplate(_ context.Context, r *segmentationv1.BuildSegmentTemplateRequest) (*segmentationv1.SegmentTemplate, error) {
	return s.build(r.GetName(), r.GetParameters())
}

func (s *Server) build(name string, given map[string]string) (*segmentationv1.SegmentTemplate, error) {
	id, err := aip.ParseID("name", name, pattern)
	if err != nil {
		return nil, err
	}
	t, err := find(id)
	if err != nil {
		return nil, err
	}
	return s.message(t, given)
}

// message is a template whose scheme names what its rules read.
func (s *Server) message(t *template, given map[string]string) (*segmentationv1.SegmentTemplate, error) {
	m, err := t.message(given)
	if err != nil {
		return nil, err
	}
	rules := m.GetScheme().GetMethod().GetRules()
	seen := make(map[string]bool)
	for _, r := range rules.GetRules() {
		c, err := s.Compile(r.GetExpression())
		if err != nil {
			return nil, err
		}
		for _, fact := range c.Reads() {
			if !seen[fact] {
				seen[fact] = true
				m.Scheme.Variables.Forming = append(m.Scheme.Variables.Forming, &segmentationv1.SchemeVariable{Fact: fact, Reason: "read by the rules"})
			}
		}
	}
	return m, nil
}

// ListSegmentTemplates lists the templates.
func (s *Server) ListSegmentTemplates(_ context.Context, r *segmentationv1.ListSegmentTemplatesRequest) (*segmentationv1.ListSegmentTemplatesResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	begin := 0
	if after != nil {
		for begin < len(catalogue) && catalogue[begin].id != after.ID {
			begin++
		}
		if begin++; begin > len(catalogue) {
			return nil, fault.Invalid("page_token", "is not a token this server made")
		}
	}
	answer := &segmentationv1.ListSegmentTemplatesResponse{}
	end := min(begin+size, len(catalogue))
	for i := begin; i < end; i++ {
		m, err := s.message(&catalogue[i], nil)
		if err != nil {
			return nil, err
		}
		answer.SegmentTemplates = append(answer.SegmentTemplates, m)
	}
	if end < len(catalogue) && end > begin {
		answer.NextPageToken, err = aip.NextToken(&docstore.Position{ID: catalogue[end-1].id}, r)
	}
	return answer, err
}
