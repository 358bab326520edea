package leads_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

const (
	won  = profilev1.LeadState_LEAD_STATE_WON
	lost = profilev1.LeadState_LEAD_STATE_LOST
)

// shop is the service with a clock of its own.
type shop struct {
	*testing.T
	profilev1.LeadServiceClient
	conn *grpc.ClientConn
	now  time.Time
}

func open(t *testing.T, e docstore.Engine) *shop {
	s := &shop{T: t, now: time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC)}
	s.conn = roomtest.Serve(t, e, func() time.Time { return s.now })
	s.LeadServiceClient = profilev1.NewLeadServiceClient(s.conn)
	return s
}

func day(s string) *date.Date {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return nil
	}
	return &date.Date{Year: int32(t.Year()), Month: int32(t.Month()), Day: int32(t.Day())}
}

// add creates a lead to be decided on a day.
func (s *shop) add(id, owner, decided string, minor int64, currency string) *profilev1.Lead {
	s.Helper()
	l := &profilev1.Lead{Owner: owner, ExpectedCloseDate: day(decided), DisplayName: "Lead " + id}
	if currency != "" {
		l.ExpectedValue = &apiv1.Money{MinorUnits: minor, CurrencyCode: currency}
	}
	made, err := s.CreateLead(s.Context(), &profilev1.CreateLeadRequest{Lead: l, LeadId: id})
	roomtest.Must(s, err)
	return made
}

func (s *shop) to(id string, stage profilev1.LeadStage) {
	s.Helper()
	_, err := s.AdvanceLead(s.Context(), &profilev1.AdvanceLeadRequest{Name: "leads/" + id, Stage: stage, Reason: "known before", Author: "ann"})
	roomtest.Must(s, err)
}

func (s *shop) close(id string, outcome profilev1.LeadState, competitor string, reasons ...profilev1.CloseReason) {
	s.Helper()
	_, err := s.CloseLead(s.Context(), &profilev1.CloseLeadRequest{
		Name: "leads/" + id, Outcome: outcome, Reasons: reasons, Competitor: competitor, StageReason: "quick", Author: "ann",
	})
	roomtest.Must(s, err)
}

// ids lists all pages, two leads a page.
func (s *shop) ids(r *profilev1.ListLeadsRequest) string {
	s.Helper()
	all := ""
	r.PageSize = 2
	for {
		page, err := s.ListLeads(s.Context(), r)
		roomtest.Must(s, err)
		for _, l := range page.GetLeads() {
			all += l.GetName()[len("leads/"):]
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return all
		}
	}
}

func TestListsAreRangesOfIndexes(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		roomtest.Customer(t, s.conn, "c1", &profilev1.Customer{})
		s.add("a", "ann", "2026-05-01", 1, "CNY")
		s.add("b", "bob", "2026-03-01", 1, "CNY")
		s.add("c", "ann", "", 1, "CNY")
		s.add("d", "ann", "2026-04-01", 1, "CNY")
		s.add("e", "bob", "2026-04-15", 1, "CNY")
		s.to("d", profilev1.LeadStage_LEAD_STAGE_NEEDS)
		s.to("e", profilev1.LeadStage_LEAD_STAGE_NEEDS)
		s.close("b", lost, "Acme", profilev1.CloseReason_CLOSE_REASON_PRICE)
		_, err := s.UpdateLead(t.Context(), &profilev1.UpdateLeadRequest{Lead: &profilev1.Lead{Name: "leads/b", Customer: "customers/c1"}})
		roomtest.Must(t, err)
		for want, r := range map[string]*profilev1.ListLeadsRequest{
			"deac": {},
			"b":    {State: lost},
			"":     {State: won},
			"dac":  {Owner: "ann"},
			"de":   {Stage: profilev1.LeadStage_LEAD_STAGE_NEEDS},
			"e":    {Stage: profilev1.LeadStage_LEAD_STAGE_NEEDS, Owner: "bob"},
			"ea":   {CloseDateFrom: day("2026-04-02")},
			"d":    {CloseDateTo: day("2026-04-15")},
		} {
			if got := s.ids(proto.Clone(r).(*profilev1.ListLeadsRequest)); got != want {
				t.Errorf("%v: %q, want %q", r, got, want)
			}
		}
		if got := s.ids(&profilev1.ListLeadsRequest{Customer: "customers/c1"}); got != "b" {
			t.Errorf("of the customer: %q", got)
		}
		_, err = profilev1.NewCustomerServiceClient(s.conn).DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/c1"})
		roomtest.Refused(t, "deleting a customer with leads", err, codes.FailedPrecondition, "CUSTOMER_HAS_LEADS", "")
		_, err = s.ListLeads(t.Context(), &profilev1.ListLeadsRequest{Customer: "customers/c1", Owner: "ann"})
		roomtest.Refused(t, "customer and owner", err, codes.InvalidArgument, "FIELD_NOT_FILTERABLE", "customer")
	})
}

func TestALeadKeepsWhatItIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		given := &profilev1.Lead{
			DisplayName: "冷库二期", Owner: "ann", Notes: "first line\nsecond",
			Prospect:      &profilev1.Prospect{DisplayName: "王芳", Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL},
			ExpectedValue: &apiv1.Money{MinorUnits: 5, CurrencyCode: "CNY"}, SalesMode: profilev1.SalesMode_SALES_MODE_SOLUTION,
			Assessment: &profilev1.OpportunityAssessment{MarketSpace: 5, ChanceOfTakingPart: 4, Reasons: "new line"},
		}
		request := &profilev1.CreateLeadRequest{Lead: given, RequestId: "r1"}
		made, err := s.CreateLead(t.Context(), request)
		roomtest.Must(t, err)
		again, err := s.CreateLead(t.Context(), request)
		roomtest.Must(t, err)
		if !proto.Equal(made, again) {
			t.Errorf("the same request again:\n%v\n%v", made, again)
		}
		request.Lead.Owner = "bob"
		_, err = s.CreateLead(t.Context(), request)
		roomtest.Refused(t, "same key", err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
		if made.GetDisplayName() != "冷库二期" || made.GetProspect().GetDisplayName() != "王芳" || made.GetNotes() != given.GetNotes() ||
			made.GetSalesModeAdvice().GetZh() == "" || made.GetAssessment().GetScore() <= 0.8 ||
			made.GetProbability().GetSource() != profilev1.ProbabilitySource_PROBABILITY_SOURCE_POLICY {
			t.Errorf("made %v", made)
		}
		_, err = s.UpdateLead(t.Context(), &profilev1.UpdateLeadRequest{
			Lead:       &profilev1.Lead{Name: made.GetName(), Etag: `"77"`, Notes: ""},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"notes"}},
		})
		roomtest.Refused(t, "old etag", err, codes.Aborted, "ETAG_MISMATCH", "")
		changed, err := s.UpdateLead(t.Context(), &profilev1.UpdateLeadRequest{
			Lead:       &profilev1.Lead{Name: made.GetName(), Etag: made.GetEtag()},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"notes"}},
		})
		roomtest.Must(t, err)
		if changed.GetNotes() != "" || changed.GetDisplayName() != "冷库二期" {
			t.Errorf("changed %v", changed)
		}
		_, err = s.DeleteLead(t.Context(), &profilev1.DeleteLeadRequest{Name: made.GetName()})
		roomtest.Must(t, err)
		_, err = s.GetLead(t.Context(), &profilev1.GetLeadRequest{Name: made.GetName()})
		roomtest.Refused(t, "deleted", err, codes.NotFound, "LEAD_NOT_FOUND", "")
	})
}

func TestWhatALeadCannotBe(t *testing.T) {
	s := open(t, onPebble(t))
	for field, l := range map[string]*profilev1.Lead{
		"lead.owner":                        {},
		"lead.expected_value.minor_units":   {Owner: "a", ExpectedValue: &apiv1.Money{MinorUnits: -1, CurrencyCode: "CNY"}},
		"lead.expected_value.currency_code": {Owner: "a", ExpectedValue: &apiv1.Money{MinorUnits: 1, CurrencyCode: "XQQ"}},
		"lead.expected_close_date":          {Owner: "a", ExpectedCloseDate: &date.Date{Year: 2026, Month: 2, Day: 29}},
		"lead.display_name":                 {Owner: "a", DisplayName: "a\x00b"},
		"lead.customer":                     {Owner: "a", Customer: "customer/1"},
		"lead.buying_factors[1].factor": {Owner: "a", BuyingFactors: []*profilev1.BuyingFactor{
			{Factor: "Price", Weight: 1}, {Factor: "ｐrice", Weight: 1}}},
		"lead.buying_factors[0].weight": {Owner: "a", BuyingFactors: []*profilev1.BuyingFactor{{Factor: "p", Weight: math.NaN()}}},
	} {
		_, err := s.CreateLead(t.Context(), &profilev1.CreateLeadRequest{Lead: l})
		roomtest.Refused(t, field, err, codes.InvalidArgument, "INVALID_FIELD", field)
	}
	_, err := s.CreateLead(t.Context(), &profilev1.CreateLeadRequest{Lead: &profilev1.Lead{Owner: "a", Customer: "customers/none"}})
	roomtest.Refused(t, "unknown customer", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
}

func TestForecastSumsByMonthAndCurrency(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		s.add("a", "ann", "2026-03-20", 1000, "CNY") // CONTACT: 0.1
		s.add("b", "ann", "2026-03-25", 2000, "CNY") // NEGOTIATION: 0.7
		s.add("c", "bob", "2026-03-31", 500, "USD")
		s.add("d", "ann", "2026-04-01", 4000, "CNY") // AGREEMENT: 0.9
		s.add("e", "ann", "2026-03-01", 100, "CNY")  // overdue, and of this month
		s.add("f", "ann", "", 100, "CNY")
		s.add("g", "ann", "2026-04-02", 0, "")
		s.add("h", "ann", "2026-03-02", 9999, "CNY")
		s.to("b", profilev1.LeadStage_LEAD_STAGE_NEGOTIATION)
		s.to("d", profilev1.LeadStage_LEAD_STAGE_AGREEMENT)
		s.close("h", lost, "", profilev1.CloseReason_CLOSE_REASON_PRICE)
		f, err := s.ForecastLeads(t.Context(), &profilev1.ForecastLeadsRequest{Months: 2, TimeZone: "Asia/Shanghai"})
		roomtest.Must(t, err)
		got := ""
		for _, m := range f.GetMonths() {
			for _, c := range m.GetSums() {
				got += fmt.Sprintf("%s %s %d leads %d of %d in [%d, %d]\n", m.GetMonth(), c.GetCurrencyCode(), c.GetLeads(),
					c.GetExpected().GetMinorUnits(), c.GetPipeline().GetMinorUnits(), c.GetLow().GetMinorUnits(), c.GetHigh().GetMinorUnits())
			}
		}
		// March CNY: 0.1·1000 + 0.7·2000 + 0.1·100 = 1510; variance
		// 0.09·1000² + 0.21·2000² + 0.09·100² = 930900, and 1.645·964.8 = 1587.
		// USD: 50 ± 1.645·√(0.09·500²) = 247. April: 3600 ± 1.645·0.3·4000 = 1974.
		want := "2026-03 CNY 3 leads 1510 of 3100 in [0, 3097]\n" +
			"2026-03 USD 1 leads 50 of 500 in [0, 297]\n" +
			"2026-04 CNY 1 leads 3600 of 4000 in [1626, 4000]\n"
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if f.GetLeads() != 6 || f.GetLeadsWithoutValue() != 1 || f.GetLeadsWithoutDate() != 1 || f.GetOverdueLeads() != 1 || len(f.GetTotals()) != 2 {
			t.Errorf("counts: %v", f)
		}
		of, err := s.ForecastLeads(t.Context(), &profilev1.ForecastLeadsRequest{Owner: "bob"})
		roomtest.Must(t, err)
		if of.GetLeads() != 1 || len(of.GetTotals()) != 1 || of.GetOverdueLeads() != 0 {
			t.Errorf("of bob: %v", of)
		}
		_, err = s.ForecastLeads(t.Context(), &profilev1.ForecastLeadsRequest{TimeZone: "Mars/Base"})
		roomtest.Refused(t, "zone", err, codes.InvalidArgument, "INVALID_FIELD", "time_zone")
	})
}

func TestMeasuredChancesReplaceThePolicys(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		policy, err := s.UpdateLeadPolicy(t.Context(), &profilev1.UpdateLeadPolicyRequest{LeadPolicy: &profilev1.LeadPolicy{MinClosedLeads: 5, WindowDays: 30}})
		roomtest.Must(t, err)
		_, err = s.UpdateLeadPolicy(t.Context(), &profilev1.UpdateLeadPolicyRequest{LeadPolicy: &profilev1.LeadPolicy{StageProbabilities: []float64{0.5, 0.4, 0.5, 0.5, 0.5, 0.5, 0.5}}})
		roomtest.Refused(t, "falling", err, codes.InvalidArgument, "INVALID_FIELD", "lead_policy.stage_probabilities")
		if policy.GetStageProbabilities()[6] != 0.9 {
			t.Errorf("policy %v", policy)
		}
		// 3 won; lost at CONTACT 2, at SOLUTION 1: from CONTACT 3 of 6, from SOLUTION 3 of 4.
		for i, end := range []profilev1.LeadState{won, won, won, lost, lost, lost} {
			id := fmt.Sprint("x", i)
			s.add(id, "ann", "", 0, "")
			if i == 5 {
				s.to(id, profilev1.LeadStage_LEAD_STAGE_SOLUTION)
			}
			s.close(id, end, "", profilev1.CloseReason_CLOSE_REASON_OTHER)
		}
		l := s.add("y", "ann", "2026-03-20", 1000, "CNY")
		p := l.GetProbability()
		if p.GetSource() != profilev1.ProbabilitySource_PROBABILITY_SOURCE_MEASURED || p.GetValue() != 0.5 || p.GetClosedLeads() != 6 ||
			math.Abs(p.GetLow()-0.1876) > 1e-4 || math.Abs(p.GetHigh()-0.8124) > 1e-4 || p.GetMethod() != "wilson" {
			t.Errorf("from CONTACT: %v", p)
		}
		s.to("y", profilev1.LeadStage_LEAD_STAGE_SOLUTION)
		l, err = s.GetLead(t.Context(), &profilev1.GetLeadRequest{Name: "leads/y"})
		roomtest.Must(t, err)
		if p := l.GetProbability(); p.GetSource() != profilev1.ProbabilitySource_PROBABILITY_SOURCE_POLICY || p.GetValue() != 0.3 || p.GetClosedLeads() != 4 {
			t.Errorf("from SOLUTION, of four closed leads: %v", p)
		}
		s.now = s.now.AddDate(0, 0, 31) // out of the window
		l, err = s.GetLead(t.Context(), &profilev1.GetLeadRequest{Name: "leads/y"})
		roomtest.Must(t, err)
		if l.GetProbability().GetClosedLeads() != 0 {
			t.Errorf("behind the window: %v", l.GetProbability())
		}
	})
}

func TestOutcomesByReasonAndCompetitor(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		price, product := profilev1.CloseReason_CLOSE_REASON_PRICE, profilev1.CloseReason_CLOSE_REASON_PRODUCT
		for i, c := range []struct {
			end     profilev1.LeadState
			against string
			reasons []profilev1.CloseReason
		}{{lost, "Acme", []profilev1.CloseReason{price, product}}, {lost, " ACME", []profilev1.CloseReason{price}}, {won, "acme", []profilev1.CloseReason{product}}, {won, "", []profilev1.CloseReason{product}}} {
			id := fmt.Sprint("x", i)
			s.add(id, "ann", "", 0, "")
			s.close(id, c.end, c.against, c.reasons...)
		}
		o, err := s.AnalyzeLeadOutcomes(t.Context(), &profilev1.AnalyzeLeadOutcomesRequest{})
		roomtest.Must(t, err)
		if w := o.GetOverall(); w.GetWon() != 2 || w.GetLost() != 2 || w.GetValue() != 0.5 || w.GetLow() >= 0.5 || w.GetHigh() <= 0.5 {
			t.Errorf("overall %v", w)
		}
		if r := o.GetReasons(); len(r) != 2 || r[0].GetReason() != product || r[0].GetWon() != 2 || r[0].GetLost() != 1 {
			t.Errorf("reasons %v", r)
		}
		if c := o.GetCompetitors(); len(c) != 2 || c[0].GetWinRate().GetLost() != 2 || c[0].GetWinRate().GetWon() != 1 || c[1].GetCompetitor() != "" {
			t.Errorf("competitors %v", c)
		}
		s.now = s.now.AddDate(2, 0, 0)
		o, err = s.AnalyzeLeadOutcomes(t.Context(), &profilev1.AnalyzeLeadOutcomesRequest{})
		roomtest.Must(t, err)
		if o.GetOverall().Value != nil || len(o.GetReasons()) != 0 {
			t.Errorf("two years on: %v", o)
		}
	})
}
