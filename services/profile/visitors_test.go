package profile_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

func check(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// What a visitor did is the customer's once the visitor is identified; whoever
// uses the device later does not get it.
func TestVisitorsBecomeCustomers(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		early, late := event("visitors/v/events/early", "x"), event("visitors/v/events/late", "x")
		early.OriginalTime, late.OriginalTime = at(now.Add(-3*time.Hour)), at(now.Add(-time.Minute))
		s.ingest(t, late, early)
		st := s.ingest(t, identify(t, "customers/ann/events/i", "visitors/v", map[string]any{"name": "Ann"}))
		check(t, "remarks", remarks(st[0]), []string{})
		whole := []string{"visitors/v/events/early", "customers/ann/events/i", "visitors/v/events/late"}
		check(t, "timeline of ann", s.timeline(t, "customers/ann"), whole)
		check(t, "of the visitor", s.timeline(t, "visitors/v"), []string{whole[0], whole[2]})

		st = s.ingest(t, identify(t, "customers/bob/events/i", "visitors/v", nil))
		check(t, "remarks on the second user", remarks(st[0]), []string{"VISITOR_LINKED visitor"})
		check(t, "timeline of bob", s.timeline(t, "customers/bob"), []string{"customers/bob/events/i"})
		check(t, "timeline of ann still", s.timeline(t, "customers/ann"), whole)

		v, err := s.events.GetVisitor(t.Context(), &profilev1.GetVisitorRequest{Name: "visitors/v"})
		must(t, err)
		if v.GetCustomer() != "customers/ann" || v.GetLinkEvent() != "customers/ann/events/i" {
			t.Errorf("visitor: %v", v)
		}
		_, err = s.events.LinkVisitor(t.Context(), &profilev1.LinkVisitorRequest{Name: "visitors/v", Customer: "customers/bob"})
		refused(t, "link", err, codes.FailedPrecondition, "VISITOR_LINKED", "visitor")
		_, err = s.events.UnlinkVisitor(t.Context(), &profilev1.UnlinkVisitorRequest{Name: "visitors/v", Etag: `"9"`})
		refused(t, "unlink another version", err, codes.Aborted, "ETAG_MISMATCH", "")
		_, err = s.events.UnlinkVisitor(t.Context(), &profilev1.UnlinkVisitorRequest{Name: "visitors/v", Etag: v.GetEtag()})
		must(t, err)
		check(t, "timeline of ann, unlinked", s.timeline(t, "customers/ann"), []string{"customers/ann/events/i"})
		st = s.ingest(t, identify(t, "customers/ann/events/i2", "visitors/v", nil))
		check(t, "remarks on what was unlinked", remarks(st[0]), []string{"VISITOR_UNLINKED visitor"})
		_, err = s.events.LinkVisitor(t.Context(), &profilev1.LinkVisitorRequest{Name: "visitors/v", Customer: "customers/bob"})
		must(t, err)
		check(t, "timeline of bob, linked", s.timeline(t, "customers/bob"), []string{whole[0], "customers/bob/events/i", whole[2]})
	})
}

// Of many who claim a visitor at the same moment one gets it.
func TestOneLinkWins(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		var group sync.WaitGroup
		won := make([]bool, 16)
		for n := range won {
			group.Go(func() {
				st := s.ingest(t, identify(t, fmt.Sprintf("customers/%d/events/i", n), "visitors/v", nil))
				won[n] = len(st[0].GetRemarks()) == 0
			})
		}
		group.Wait()
		v, err := s.events.GetVisitor(t.Context(), &profilev1.GetVisitorRequest{Name: "visitors/v"})
		must(t, err)
		for n := range won {
			if won[n] != (v.GetCustomer() == fmt.Sprintf("customers/%d", n)) {
				t.Errorf("customer %d was told %v, the visitor is %s's", n, won[n], v.GetCustomer())
			}
		}
	})
}

func TestTraits(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "taken", &profilev1.Customer{Identifiers: []*profilev1.Identifier{mail("a@example.com")}})
	st := s.ingest(t, identify(t, "customers/1/events/1", "", map[string]any{
		"firstName": "芳", "lastName": "王", "email": "A@Example.com", "phone": "138****1234", "gender": "女",
		"birthday": "1990-05-17T00:00:00.000Z", "plan": "gold",
		"address": map[string]any{"city": "深圳", "state": "广东", "street": "深南大道 1 号", "postalCode": 518000, "country": "cn", "floor": 3},
	}))
	check(t, "remarks", remarks(st[0]), []string{
		"PHONE_MASKED properties.phone", "TRAIT_NOT_MAPPED properties.plan", "TRAIT_NOT_MAPPED properties.address.floor",
		"IDENTIFIER_TAKEN properties.email",
	})
	got, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/1"})
	must(t, err)
	if got.GetDisplayName() != "王芳" || got.GetGender() != profilev1.Gender_GENDER_FEMALE || got.GetBirthDate().GetDay() != 17 ||
		got.GetRegion() != "广东" || got.GetCity() != "深圳" || len(got.GetIdentifiers()) != 0 {
		t.Errorf("customer: %v", got)
	}

	if a := got.GetPostalAddresses(); len(a) != 1 || a[0].GetLine() != "深南大道 1 号" || a[0].GetPostalCode() != "518000" || a[0].GetCountry() != "CN" || got.GetCountry() != "CN" {
		t.Errorf("addresses: %v", a)
	}

	// One that happened before fills gaps only, and the same again changes nothing.
	before := identify(t, "customers/1/events/0", "", map[string]any{"name": "Wang", "email": "w@example.com"})
	before.OriginalTime = at(now.Add(-24 * time.Hour))
	s.ingest(t, before)
	_, err = s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{Customer: &profilev1.Customer{Name: "customers/1", City: "广州"}})
	must(t, err)
	s.ingest(t, identify(t, "customers/1/events/1", "", map[string]any{"city": "深圳", "address": map[string]any{"city": "深圳"}}))
	got, err = s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/1"})
	must(t, err)
	if got.GetDisplayName() != "王芳" || got.GetCity() != "广州" || len(got.GetIdentifiers()) != 1 {
		t.Errorf("customer: %v", got)
	}
}

// Traits for which the company has defined attributes are attributes.
func TestTraitsOfTheCompanysOwn(t *testing.T) {
	s := serve(t, onPebble(t))
	for id, kind := range map[string]profilev1.AttributeType{
		"loyalty_tier": profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, "visits": profilev1.AttributeType_ATTRIBUTE_TYPE_INTEGER,
		"vip": profilev1.AttributeType_ATTRIBUTE_TYPE_BOOL, "since": profilev1.AttributeType_ATTRIBUTE_TYPE_DATE,
	} {
		_, err := s.attributes.CreateAttributeDefinition(t.Context(), &profilev1.CreateAttributeDefinitionRequest{
			AttributeDefinitionId: id, AttributeDefinition: &profilev1.AttributeDefinition{Type: kind, DisplayName: id},
		})
		must(t, err)
	}
	st := s.ingest(t, identify(t, "customers/1/events/1", "", map[string]any{
		"loyaltyTier": "gold", "visits": 2.5, "vip": true, "since": "2020-02-29", "name": "Ann", "other": 1,
	}))
	check(t, "remarks", remarks(st[0]), []string{"INVALID_FIELD properties.visits", "TRAIT_NOT_MAPPED properties.other"})
	got, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/1"})
	must(t, err)
	if a := got.GetAttributes(); len(a) != 3 || a["loyalty_tier"].GetStringValue() != "gold" || !a["vip"].GetBoolValue() ||
		a["since"].GetDateValue().GetDay() != 29 || got.GetDisplayName() != "Ann" {
		t.Errorf("customer: %v", got)
	}
}

// An event may say by an identifier whose it is.
func TestEventsByIdentifier(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		s.create(t, "ann", &profilev1.Customer{Identifiers: []*profilev1.Identifier{mail("ann@example.com")}})
		by := func(id, address string) *profilev1.Event {
			e := event("customers/-/events/"+id, "x")
			e.Identifier = mail(address)
			return e
		}
		st := s.ingest(t, by("a", "Ann@example.com"), by("b", "new@example.com"), by("a", "ann@EXAMPLE.com"))
		if st[0].GetEvent() != "customers/ann/events/a" || st[2].GetOutcome() != duplicate {
			t.Errorf("statuses: %v", st)
		}
		var group sync.WaitGroup
		names := make([]string, 8)
		for n := range names {
			group.Go(func() { names[n] = s.ingest(t, by("c", "race@example.com"))[0].GetEvent() })
		}
		group.Wait()
		if slices.Sort(names); names[0] != names[7] {
			t.Errorf("one identifier, several customers: %q", names)
		}
		found, err := s.customers.LookupCustomer(t.Context(), &profilev1.LookupCustomerRequest{Email: "new@example.com"})
		must(t, err)
		check(t, "timeline", s.timeline(t, found.GetName()), []string{found.GetName() + "/events/b"})
	})
}

// Two ids of one person: a visitor is linked, another customer is for a person to merge.
func TestAlias(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "old", &profilev1.Customer{})
	s.ingest(t, event("visitors/v/events/a", "x"))
	alias := func(id, previous string) *profilev1.Event {
		e := event("customers/new/events/"+id, "")
		e.Type, e.Visitor = profilev1.EventType_EVENT_TYPE_ALIAS, "visitors/"+previous
		return e
	}
	st := s.ingest(t, alias("1", "v"), alias("2", "old"))
	check(t, "visitor", remarks(st[0]), []string{})
	check(t, "customer", remarks(st[1]), []string{"ALIAS_OF_CUSTOMER visitor"})
	if got := s.timeline(t, "customers/new"); len(got) != 3 {
		t.Errorf("timeline: %q", got)
	}
}

// The events of merged records and of their visitors are one timeline, in pages.
func TestTimelineOfMergedRecords(t *testing.T) {
	s := serve(t, onPebble(t))
	var want []string
	for n := range 60 {
		sender := []string{"customers/a", "customers/b", "visitors/v"}[n%3]
		e := event(fmt.Sprintf("%s/events/%d", sender, n), "x")
		e.OriginalTime = at(now.Add(-time.Duration(n) * time.Minute))
		want = append(want, e.Name)
		s.ingest(t, e)
	}
	_, err := s.events.LinkVisitor(t.Context(), &profilev1.LinkVisitorRequest{Name: "visitors/v", Customer: "customers/b"})
	must(t, err)
	_, err = s.merges.MergeCustomers(t.Context(), &profilev1.MergeCustomersRequest{Survivor: "customers/a", Merged: []string{"customers/b"}, Reason: "the same person"})
	must(t, err)
	for _, parent := range []string{"customers/a", "customers/b"} {
		r := &profilev1.ListEventsRequest{Parent: parent, PageSize: 7}
		var got []string
		for {
			answer, err := s.events.ListEvents(t.Context(), r)
			must(t, err)
			for _, e := range answer.GetEvents() {
				got = append(got, e.GetName())
			}
			if r.PageToken = answer.GetNextPageToken(); r.PageToken == "" {
				break
			}
		}
		check(t, parent, got, want)
	}
}

func TestIngestStream(t *testing.T) {
	s := serve(t, onPebble(t))
	stream, err := s.events.IngestEventStream(t.Context())
	must(t, err)
	for n := range int64(3) {
		batch := []*profilev1.Event{event(fmt.Sprintf("customers/1/events/%d", n), "x"), event("customers/1/events/0", "x"), event("", "x")}
		must(t, stream.Send(&profilev1.IngestEventStreamRequest{Events: batch, Sequence: n}))
		answer, err := stream.Recv()
		must(t, err)
		first := accepted
		if got := outcomes(answer.GetStatuses()); answer.GetSequence() != n || !slices.Equal(got, []profilev1.EventOutcome{first, duplicate, declined}) {
			t.Errorf("batch %d: %v of %d", n, got, answer.GetSequence())
		}
	}
	must(t, stream.CloseSend())
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("end of the stream: %v", err)
	}
}

// Who has events, or a visitor who may have some, is not deleted.
func TestCustomersWithEventsStay(t *testing.T) {
	s := serve(t, onPebble(t))
	s.ingest(t, event("customers/1/events/a", "x"), identify(t, "customers/2/events/i", "visitors/v", nil))
	s.create(t, "3", &profilev1.Customer{})
	for _, id := range []string{"1", "2"} {
		_, err := s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/" + id})
		refused(t, id, err, codes.FailedPrecondition, "CUSTOMER_HAS_EVENTS", "")
	}
	_, err := s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/3"})
	must(t, err)
	_, err = s.events.ListEvents(t.Context(), &profilev1.ListEventsRequest{Parent: "customers/3"})
	refused(t, "events of nobody", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
	_, err = s.events.ListEvents(t.Context(), &profilev1.ListEventsRequest{Parent: "visitors/w"})
	refused(t, "events of no visitor", err, codes.NotFound, "VISITOR_NOT_FOUND", "")
	_, err = s.events.GetEvent(t.Context(), &profilev1.GetEventRequest{Name: "customers/1/events/b"})
	refused(t, "no event", err, codes.NotFound, "EVENT_NOT_FOUND", "")
}
