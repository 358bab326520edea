package glossary_test

import (
	"context"
	"strings"
	"testing"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
	"github.com/kehuhq/kehu/services/segmentation/internal/glossary"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

// Every fact is listed once, page by page, complete in both languages, and can be
// used in a rule under its id.
func TestListFacts(t *testing.T) {
	s := &glossary.Server{Attributes: func(context.Context) ([]facts.Attribute, error) { return factstest.Attributes(), nil }}
	c, err := rule.NewCompiler(factstest.Attributes())
	if err != nil {
		t.Fatal(err)
	}
	token, before, listed := "", "", 0
	for {
		page, err := s.ListFacts(t.Context(), &segmentationv1.ListFactsRequest{PageSize: 7, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.GetFacts() {
			listed++
			if f.GetFactId() <= before {
				t.Errorf("%s comes behind %s", f.GetFactId(), before)
			}
			before = f.GetFactId()
			if f.GetLabel() == "" || f.GetLabelZh() == "" || f.GetDescription() == "" || f.GetDescriptionZh() == "" || f.GetSection() == "" {
				t.Errorf("%v is not complete", f)
			}
			if _, err := c.Compile("has(" + f.GetFactId() + ") && " + f.GetFactId() + " == " + f.GetFactId()); err != nil {
				t.Errorf("%s: %v", f.GetFactId(), err)
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if want := len(facts.Fields) - 2 + len(factstest.Attributes()) - 1; listed != want {
		t.Errorf("%d facts are listed, want %d", listed, want)
	}
	for _, r := range []*segmentationv1.ListFactsRequest{{PageSize: -1}, {PageToken: "x"}} {
		if _, err := s.ListFacts(t.Context(), r); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: got %v", r, err)
		}
	}
	gone := &glossary.Server{Attributes: func(context.Context) ([]facts.Attribute, error) {
		return nil, fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "profile cannot be reached")
	}}
	if _, err := gone.ListFacts(t.Context(), &segmentationv1.ListFactsRequest{}); err == nil || !strings.Contains(err.Error(), "profile") {
		t.Errorf("got %v", err)
	}
}
