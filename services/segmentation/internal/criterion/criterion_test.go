package criterion_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
)

// What is recorded of the facts that a criterion reads is enough to answer and to
// explain once more, and an explanation says what the evaluation does.
func TestRFMAndLists(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := factstest.Facts().Draw(rt, "facts")
		if rapid.Bool().Draw(rt, "listed") {
			f.Lists = []string{"guests", "other"}
		}
		rfm := domain.RFM{
			Groups: rapid.SliceOfNDistinct(rapid.SampledFrom(domain.Groups), 0, 2, rapid.ID).Draw(rt, "groups"),
			Cells:  rapid.SliceOfN(rapid.SampledFrom([]string{"5**", "*1*", "**3", "545"}), 0, 2).Draw(rt, "cells"),
		}
		if rfm.Check() != nil {
			rfm.Cells = []string{"***"}
		}
		for _, c := range []criterion.Criterion{criterion.OfRFM(rfm), criterion.OfList("guests")} {
			one := &criterion.Case{Facts: f, At: factstest.Epoch}
			verdict, err := c.Evaluate(one)
			if err != nil || !verdict.Until.IsZero() {
				rt.Fatalf("got %+v, %v", verdict, err)
			}
			explained := c.Explain(one)
			if explained.Belongs != verdict.Belongs || explained.Conditions.Holds != verdict.Belongs || explained.Conditions.Text == "" {
				rt.Errorf("is %t, explained as %+v", verdict.Belongs, explained)
			}
			recalled, err := facts.Recall(c.Reads(), facts.Record(c.Reads(), f))
			if err != nil {
				rt.Fatal(err)
			}
			again, err := c.Evaluate(&criterion.Case{Facts: recalled, At: factstest.Epoch})
			if err != nil || again != verdict {
				rt.Errorf("is %+v, of what was recorded %+v, %v", verdict, again, err)
			}
		}
	})
}

// An RFM explanation names the scores and what they would have to be.
func TestRFMExplanation(t *testing.T) {
	f := &facts.Facts{Valued: true, RFM: facts.Scores{Recency: 5, Frequency: 4, Monetary: 5, Cell: "545", Group: "IMPORTANT_VALUE"}}
	x := criterion.OfRFM(domain.RFM{Groups: []string{"IMPORTANT_KEEP"}, Cells: []string{"5**"}}).Explain(&criterion.Case{Facts: f})
	if !x.Belongs || len(x.Conditions.Children) != 2 {
		t.Fatalf("got %+v", x)
	}
	group, cell := x.Conditions.Children[0], x.Conditions.Children[1]
	if group.Holds || group.Decided || !cell.Holds || !cell.Decided {
		t.Errorf("got %+v\n%+v", group, cell)
	}
	if !strings.Contains(group.Change, "IMPORTANT_VALUE and would have to be IMPORTANT_KEEP") || !strings.Contains(cell.ChangeZh, "为 545，需要不是 5**") {
		t.Errorf("got %q, %q", group.Change, cell.ChangeZh)
	}
	one := criterion.OfRFM(domain.RFM{Groups: []string{"IMPORTANT_VALUE"}}).Explain(&criterion.Case{Facts: f}).Conditions
	if one.Change != "rfm.group is IMPORTANT_VALUE and would have to be something else" {
		t.Errorf("got %q", one.Change)
	}
}
