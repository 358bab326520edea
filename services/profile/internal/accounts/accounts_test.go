package accounts_test

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

func open(t *testing.T, e docstore.Engine) (profilev1.AccountServiceClient, *grpc.ClientConn) {
	now := time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC)
	conn := roomtest.Serve(t, e, func() time.Time { return now })
	roomtest.Customer(t, conn, "acme", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE})
	roomtest.Customer(t, conn, "ann", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL})
	return profilev1.NewAccountServiceClient(conn), conn
}

func TestContactsOfAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		a, _ := open(t, e)
		add := func(id, boss string) (*profilev1.Contact, error) {
			return a.CreateContact(t.Context(), &profilev1.CreateContactRequest{
				Parent: "customers/acme", ContactId: id, RequestId: "make " + id,
				Contact: &profilev1.Contact{
					DisplayName: "赵" + id, ReportsTo: boss, Concerns: []string{"payback"}, Influence: 3,
					ContactPoints: []*profilev1.ContactPoint{{Means: profilev1.ContactMeans_CONTACT_MEANS_PHONE, Value: "010-1234 转 5"}},
				},
			})
		}
		boss, err := add("boss", "")
		roomtest.Must(t, err)
		again, err := add("boss", "")
		roomtest.Must(t, err)
		if !proto.Equal(boss, again) {
			t.Errorf("made again: %v", again)
		}
		clerk, err := add("clerk", boss.GetName())
		roomtest.Must(t, err)
		_, err = add("x", "customers/acme/contacts/none")
		roomtest.Refused(t, "unknown superior", err, codes.NotFound, "CONTACT_NOT_FOUND", "contact.reports_to")
		_, err = add("x", "customers/ann/contacts/boss")
		roomtest.Refused(t, "superior elsewhere", err, codes.InvalidArgument, "INVALID_FIELD", "contact.reports_to")
		_, err = a.UpdateContact(t.Context(), &profilev1.UpdateContactRequest{Contact: &profilev1.Contact{Name: boss.GetName(), ReportsTo: clerk.GetName()}})
		roomtest.Refused(t, "a circle", err, codes.InvalidArgument, "REPORTING_CYCLE", "contact.reports_to")
		_, err = a.CreateContact(t.Context(), &profilev1.CreateContactRequest{Parent: "customers/ann", Contact: &profilev1.Contact{}})
		roomtest.Refused(t, "a person", err, codes.FailedPrecondition, "NOT_AN_ACCOUNT", "")

		_, err = a.DeleteContact(t.Context(), &profilev1.DeleteContactRequest{Name: boss.GetName()})
		roomtest.Must(t, err)
		changed, err := a.UpdateContact(t.Context(), &profilev1.UpdateContactRequest{
			Contact: &profilev1.Contact{Name: clerk.GetName(), Influence: 5, Notes: "now heads it\nalone"}, // still names the boss
		})
		roomtest.Must(t, err)
		if changed.GetInfluence() != 5 || changed.GetReportsTo() != boss.GetName() || changed.GetDisplayName() != "赵clerk" || len(changed.GetContactPoints()) != 1 {
			t.Errorf("changed %v", changed)
		}
		page, err := a.ListContacts(t.Context(), &profilev1.ListContactsRequest{Parent: "customers/acme"})
		roomtest.Must(t, err)
		if len(page.GetContacts()) != 1 || !proto.Equal(page.GetContacts()[0], changed) {
			t.Errorf("listed %v", page)
		}
	})
}

func TestThePlanOfAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		a, _ := open(t, e)
		name := "customers/acme/accountPlan"
		empty, err := a.GetAccountPlan(t.Context(), &profilev1.GetAccountPlanRequest{Name: name})
		roomtest.Must(t, err)
		if !proto.Equal(empty, &profilev1.AccountPlan{Name: name}) {
			t.Errorf("empty: %v", empty)
		}
		set, err := a.UpdateAccountPlan(t.Context(), &profilev1.UpdateAccountPlanRequest{AccountPlan: &profilev1.AccountPlan{
			Name: name, Strategy: "grow in the south", BuyingHabits: &profilev1.BuyingHabits{BudgetMonth: 11, CycleMonths: 12},
			DecidingRoles: []profilev1.ChainRole{profilev1.ChainRole_CHAIN_ROLE_FINANCE},
		}})
		roomtest.Must(t, err)
		log := func(day int32, what string) *profilev1.AccountPlan {
			p, err := a.LogOrganisationChange(t.Context(), &profilev1.LogOrganisationChangeRequest{Name: name, Change: &profilev1.OrganisationChange{
				Date: &date.Date{Year: 2026, Month: 2, Day: day}, Description: what, Author: "li"}})
			roomtest.Must(t, err)
			return p
		}
		log(1, "first")
		log(20, "third")
		log(10, "second")
		p := log(10, "second")
		got := ""
		for _, c := range p.GetOrganisationChanges() {
			got += c.GetDescription() + " "
		}
		if got != "third second first " || p.GetStrategy() != set.GetStrategy() {
			t.Errorf("changes %q of %v", got, p)
		}
		_, err = a.UpdateAccountPlan(t.Context(), &profilev1.UpdateAccountPlanRequest{AccountPlan: &profilev1.AccountPlan{Name: name, Etag: set.GetEtag()}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"strategy"}}})
		roomtest.Refused(t, "old etag", err, codes.Aborted, "ETAG_MISMATCH", "")
		_, err = a.UpdateAccountPlan(t.Context(), &profilev1.UpdateAccountPlanRequest{AccountPlan: &profilev1.AccountPlan{Name: name}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"organisation_changes"}}})
		roomtest.Refused(t, "the log by update", err, codes.InvalidArgument, "INVALID_FIELD", "update_mask")
		c, err := a.AnalyzeAccount(t.Context(), &profilev1.AnalyzeAccountRequest{Name: name})
		roomtest.Must(t, err)
		if c.GetContacts() != 0 || c.GetWindowDays() != 90 || c.GetRisks()[0].GetCode() != "NO_CONTACTS" || len(c.GetRoles()) != 1 {
			t.Errorf("analysis %v", c)
		}
		_, err = a.GetAccountPlan(t.Context(), &profilev1.GetAccountPlanRequest{Name: "customers/ann/accountPlan"})
		roomtest.Refused(t, "a person", err, codes.FailedPrecondition, "NOT_AN_ACCOUNT", "")
	})
}
