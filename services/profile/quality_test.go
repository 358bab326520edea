package profile_test

import (
	"slices"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// await waits for an operation and returns it as it ended.
func (s *suite) await(t testing.TB, op *longrunningpb.Operation) *longrunningpb.Operation {
	t.Helper()
	for !op.GetDone() {
		var err error
		op, err = s.done.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(10 * time.Second)})
		must(t, err)
	}
	return op
}

func TestDataQualityOfTheBase(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		_, err := s.quality.GetDataQualityReport(t.Context(), &profilev1.GetDataQualityReportRequest{Name: "dataQualityReports/latest"})
		refused(t, "before the first", err, codes.NotFound, "DATA_QUALITY_REPORT_NOT_FOUND", "")
		s.create(t, "a", &profilev1.Customer{DisplayName: "test", Region: "浙江", City: "深圳", Identifiers: []*profilev1.Identifier{mail("a@gmial.com")}})
		s.create(t, "b", &profilev1.Customer{DisplayName: "王芳", BirthDate: &date.Date{Year: 1990, Month: 5, Day: 17}, Region: "广东", City: "深圳"})
		s.create(t, "c", &profilev1.Customer{DisplayName: "王芳", BirthDate: &date.Date{Year: 1990, Month: 5, Day: 17}, Gender: profilev1.Gender_GENDER_FEMALE})
		s.create(t, "d", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE, DisplayName: "Ada Ltd"})
		if got := s.record(t, order("customers/a/orders/1", 5000), order("customers/c/orders/1", 700), order("customers/c/orders/2", 200)); got[0]+got[1]+got[2] != "" {
			t.Fatal(got)
		}
		policy := &profilev1.DataQualityPolicy{ExpectedFields: []string{"gender", "city"}}
		op, err := s.quality.AssessDataQuality(t.Context(), &profilev1.AssessDataQualityRequest{Policy: policy})
		must(t, err)
		if failed := s.await(t, op).GetError(); failed != nil {
			t.Fatal(failed)
		}
		report, err := s.quality.GetDataQualityReport(t.Context(), &profilev1.GetDataQualityReportRequest{Name: "dataQualityReports/latest"})
		must(t, err)
		if report.GetCustomers() != 4 || len(report.GetDimensions()) != 5 || report.GetScore() <= 0 || report.GetScore() >= 1 {
			t.Errorf("report of %d customers, score %v, dimensions %v", report.GetCustomers(), report.GetScore(), report.GetDimensions())
		}
		want := []issue{
			{"GENDER_MISSING", 2, 5000, []string{"customers/a", "customers/b"}}, // a company has none
			{"DISPLAY_NAME_PLACEHOLDER", 1, 5000, []string{"customers/a"}},
			{"EMAIL_DOMAIN_MISTYPED", 1, 5000, []string{"customers/a"}},
			{"CITY_OUTSIDE_REGION", 1, 5000, []string{"customers/a"}},
			{"CITY_MISSING", 2, 900, []string{"customers/c", "customers/d"}},
			{"NAME_AND_BIRTH_DATE_SHARED", 2, 900, []string{"customers/c", "customers/b"}},
		}
		if got := issuesOf(report.GetIssues()); !slices.EqualFunc(got, want, issue.same) {
			t.Errorf("issues\n got %v\nwant %v", got, want)
		}
		one, err := s.quality.CheckCustomerDataQuality(t.Context(), &profilev1.CheckCustomerDataQualityRequest{Customer: "customers/a", Policy: policy})
		must(t, err)
		if got := issuesOf(one.GetIssues()); len(got) != 4 || got[0].revenue != 5000 {
			t.Errorf("of a: %v", got)
		}
	})
}

func TestDataQualityRefusesFieldsNobodyHas(t *testing.T) {
	s := serve(t, onPebble(t))
	for fields, at := range map[string]string{"shoe_size": "policy.expected_fields[1]", "city": "policy.expected_fields[1]"} {
		_, err := s.quality.AssessDataQuality(t.Context(), &profilev1.AssessDataQualityRequest{
			Policy: &profilev1.DataQualityPolicy{ExpectedFields: []string{"city", fields}},
		})
		refused(t, fields, err, codes.InvalidArgument, "INVALID_FIELD", at)
	}
	_, err := s.quality.CheckCustomerDataQuality(t.Context(), &profilev1.CheckCustomerDataQualityRequest{Customer: "customers/nobody"})
	refused(t, "nobody", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
}

type issue struct {
	rule      string
	customers int64
	revenue   int64
	examples  []string
}

func (i issue) same(other issue) bool {
	return i.rule == other.rule && i.customers == other.customers && i.revenue == other.revenue && slices.Equal(i.examples, other.examples)
}

func issuesOf(all []*profilev1.DataQualityIssue) []issue {
	var issues []issue
	for _, p := range all {
		i := issue{p.GetRule(), p.GetCustomers(), 0, p.GetExamples()}
		for _, m := range p.GetRevenue() {
			i.revenue += m.GetMinorUnits()
		}
		issues = append(issues, i)
	}
	return issues
}
