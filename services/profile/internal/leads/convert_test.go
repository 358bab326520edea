package leads_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

func (s *shop) prospect(id string, p *profilev1.Prospect) {
	s.Helper()
	_, err := s.CreateLead(s.Context(), &profilev1.CreateLeadRequest{LeadId: id, Lead: &profilev1.Lead{Owner: "ann", Prospect: p}})
	roomtest.Must(s, err)
}

func email(address string) []*profilev1.Identifier {
	return []*profilev1.Identifier{{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: address}}
}

func TestAWonLeadBecomesACustomer(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		s.prospect("a", &profilev1.Prospect{DisplayName: "Ada Ltd", Kind: profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE, Identifiers: email("ada@example.com")})
		convert := &profilev1.ConvertLeadRequest{Name: "leads/a"}
		_, err := s.ConvertLead(t.Context(), convert)
		roomtest.Refused(t, "an open lead", err, codes.FailedPrecondition, "LEAD_NOT_WON", "")
		s.close("a", won, "", profilev1.CloseReason_CLOSE_REASON_PRODUCT)
		l, err := s.ConvertLead(t.Context(), convert)
		roomtest.Must(t, err)
		again, err := s.ConvertLead(t.Context(), convert)
		roomtest.Must(t, err)
		if l.GetCustomer() == "" || again.GetCustomer() != l.GetCustomer() || again.GetEtag() != l.GetEtag() {
			t.Errorf("converted to %q, then %q", l.GetCustomer(), again.GetCustomer())
		}
		customers := profilev1.NewCustomerServiceClient(s.conn)
		c, err := customers.LookupCustomer(t.Context(), &profilev1.LookupCustomerRequest{Email: "ada@example.com"})
		roomtest.Must(t, err)
		if c.GetName() != l.GetCustomer() || c.GetDisplayName() != "Ada Ltd" || c.GetKind() != profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE {
			t.Errorf("the customer is %v", c)
		}
		roomtest.Customer(t, s.conn, "other", &profilev1.Customer{})
		_, err = s.ConvertLead(t.Context(), &profilev1.ConvertLeadRequest{Name: "leads/a", Customer: "customers/other"})
		roomtest.Refused(t, "another customer", err, codes.FailedPrecondition, "LEAD_CONVERTED", "")

		order := l.GetCustomer() + "/orders/o1"
		_, err = s.ConvertLead(t.Context(), &profilev1.ConvertLeadRequest{Name: "leads/a", Order: order})
		roomtest.Refused(t, "no such order", err, codes.NotFound, "ORDER_NOT_FOUND", "")
		_, err = profilev1.NewOrderServiceClient(s.conn).BatchRecordOrders(t.Context(), &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{{
			Name: order, OrderTime: timestamppb.New(s.now), Amount: &apiv1.Money{MinorUnits: 1, CurrencyCode: "CNY"},
		}}})
		roomtest.Must(t, err)
		l, err = s.ConvertLead(t.Context(), &profilev1.ConvertLeadRequest{Name: "leads/a", Order: order})
		roomtest.Must(t, err)
		if l.GetClosing().GetOrder() != order {
			t.Errorf("its order is %q", l.GetClosing().GetOrder())
		}
		if got := s.ids(&profilev1.ListLeadsRequest{Customer: l.GetCustomer()}); got != "a" {
			t.Errorf("the customer's leads: %q", got)
		}
	})
}

func TestAProspectWhoIsSomebodyElse(t *testing.T) {
	s := open(t, onPebble(t))
	roomtest.Customer(t, s.conn, "known", &profilev1.Customer{Identifiers: email("ada@example.com")})
	s.prospect("a", &profilev1.Prospect{DisplayName: "Ada", Identifiers: email("ada@example.com")})
	s.close("a", won, "", profilev1.CloseReason_CLOSE_REASON_PRODUCT)
	_, err := s.ConvertLead(t.Context(), &profilev1.ConvertLeadRequest{Name: "leads/a"})
	roomtest.Refused(t, "identifier taken", err, codes.AlreadyExists, "IDENTIFIER_TAKEN", "lead.prospect.customer.identifiers[0].value")
	l, err := s.ConvertLead(t.Context(), &profilev1.ConvertLeadRequest{Name: "leads/a", Customer: "customers/known"})
	roomtest.Must(t, err)
	if l.GetCustomer() != "customers/known" {
		t.Errorf("converted to %q", l.GetCustomer())
	}
	s.prospect("b", nil)
	s.close("b", won, "", profilev1.CloseReason_CLOSE_REASON_PRODUCT)
	_, err = s.ConvertLead(t.Context(), &profilev1.ConvertLeadRequest{Name: "leads/b"})
	roomtest.Refused(t, "nobody", err, codes.FailedPrecondition, "PROSPECT_UNKNOWN", "")
}
