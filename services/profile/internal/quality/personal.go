package quality

import (
	"context"
	"iter"
	"slices"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// Naming yields the reports that name a customer as an example, with nothing but
// the issues for which they do. It looks at all reports, which are few.
func (s *Server) Naming(ctx context.Context, customer string) iter.Seq2[*profilev1.DataQualityReport, error] {
	return func(yield func(*profilev1.DataQualityReport, error) bool) {
		for doc, err := range s.reports.docs.Scan(ctx, docstore.Range{}) {
			var named *profilev1.DataQualityReport
			if err == nil {
				named, err = naming(doc, customersName(customer))
			}
			if err == nil && len(named.GetIssues()) == 0 {
				continue
			}
			if !yield(named, err) || err != nil {
				return
			}
		}
	}
}

func customersName(customer string) string { return "customers/" + customer }

func naming(doc *reportDoc, name string) (*profilev1.DataQualityReport, error) {
	report, err := doc.report()
	if err != nil {
		return nil, err
	}
	named := &profilev1.DataQualityReport{Name: report.GetName(), AsOf: report.GetAsOf()}
	for _, issue := range report.GetIssues() {
		if slices.Contains(issue.GetExamples(), name) {
			issue.Examples = []string{name}
			named.Issues = append(named.Issues, issue)
		}
	}
	return named, nil
}

// Erase takes a customer out of the examples. The figures stay.
func (s *Server) Erase(ctx context.Context, customer string) error {
	var ids []string
	for doc, err := range s.reports.docs.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return err
		}
		ids = append(ids, doc.ID)
	}
	for _, id := range ids {
		if err := s.reports.withoutExample(ctx, id, customersName(customer)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Reports) withoutExample(ctx context.Context, id, name string) error {
	_, err := s.docs.Update(ctx, id, func(d *reportDoc) error {
		report, err := d.report()
		if err != nil {
			return err
		}
		changed := false
		for _, issue := range report.GetIssues() {
			before := len(issue.GetExamples())
			issue.Examples = slices.DeleteFunc(issue.GetExamples(), func(e string) bool { return e == name })
			changed = changed || len(issue.GetExamples()) < before
		}
		if !changed {
			return docstore.ErrUnchanged
		}
		d.Report, err = proto.Marshal(report)
		return err
	})
	return err
}
