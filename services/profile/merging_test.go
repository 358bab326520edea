package profile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

func (s *suite) merge(t testing.TB, survivor string, merged ...string) *profilev1.MergeCustomersResponse {
	t.Helper()
	answer, err := s.tryMerge(t.Context(), survivor, merged...)
	must(t, err)
	return answer
}

func (s *suite) tryMerge(ctx context.Context, survivor string, merged ...string) (*profilev1.MergeCustomersResponse, error) {
	r := &profilev1.MergeCustomersRequest{Survivor: "customers/" + survivor, Reason: "same phone"}
	for _, id := range merged {
		r.Merged = append(r.Merged, "customers/"+id)
	}
	return s.merges.MergeCustomers(ctx, r)
}

func (s *suite) unmerge(t testing.TB, customer string) *profilev1.UnmergeCustomersResponse {
	t.Helper()
	answer, err := s.merges.UnmergeCustomers(t.Context(), &profilev1.UnmergeCustomersRequest{
		Target: &profilev1.UnmergeCustomersRequest_Customer{Customer: "customers/" + customer},
	})
	must(t, err)
	return answer
}

func (s *suite) get(t testing.TB, id string) *profilev1.Customer {
	t.Helper()
	c, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/" + id})
	must(t, err)
	return c
}

// listed are the names in pages of a size.
func (s *suite) listed(t testing.TB, size int32) (names []string) {
	t.Helper()
	r := &profilev1.ListCustomersRequest{PageSize: size}
	for {
		page, err := s.customers.ListCustomers(t.Context(), r)
		must(t, err)
		for _, c := range page.GetCustomers() {
			names = append(names, strings.TrimPrefix(c.GetName(), "customers/"))
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return names
		}
	}
}

func (s *suite) ordersOf(t testing.TB, id string, size int32) (names []string) {
	t.Helper()
	r := &profilev1.ListOrdersRequest{Parent: "customers/" + id, PageSize: size}
	for {
		page, err := s.orders.ListOrders(t.Context(), r)
		must(t, err)
		for _, o := range page.GetOrders() {
			names = append(names, strings.TrimPrefix(o.GetName(), "customers/"))
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return names
		}
	}
}

func (s *suite) streamed(t testing.TB, r *apiv1.CustomerRange) (names []string) {
	t.Helper()
	messages, err := drain(s.customers.StreamCustomers(t.Context(), &profilev1.StreamCustomersRequest{Range: r}))
	must(t, err)
	for _, m := range messages {
		for _, c := range m.GetCustomers() {
			names = append(names, strings.TrimPrefix(c.GetName(), "customers/"))
		}
	}
	return names
}

// net is what each history of a range sums up to.
func (s *suite) net(t testing.TB, r *apiv1.CustomerRange) []string {
	t.Helper()
	all, _, err := s.histories(t.Context(), &profilev1.StreamPurchaseHistoriesRequest{Range: r})
	must(t, err)
	var lines []string
	for _, h := range all {
		lines = append(lines, fmt.Sprint(h.GetCustomerId(), h.GetNetMinor()))
	}
	return lines
}

func equal[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// family has three customers with orders; b and then a-1 are merged into c.
func family(t *testing.T, s *suite) {
	t.Helper()
	s.create(t, "a-1", &profilev1.Customer{DisplayName: "王芳", City: "深圳", Identifiers: []*profilev1.Identifier{phone("13812345678")}})
	s.create(t, "b", &profilev1.Customer{DisplayName: "Wang Fang", Region: "广东", Identifiers: []*profilev1.Identifier{mail("b@example.com")}})
	s.create(t, "c", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL})
	s.create(t, "d", &profilev1.Customer{DisplayName: "someone else"})
	s.record(t, order("customers/a-1/orders/2", 2), order("customers/a-1/orders/4", 40), order("customers/b/orders/1", 10),
		order("customers/b/orders/2", 20), order("customers/bb/orders/9", 9), order("customers/d/orders/1", 1))
}

func TestMergedCustomersAreOne(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		family(t, s)
		before := s.get(t, "a-1")
		first := s.merge(t, "c", "b")
		s.merge(t, "c", "a-1")
		view := s.get(t, "a-1")
		if view.GetName() != "customers/c" || view.GetDisplayName() != "Wang Fang" || view.GetCity() != "深圳" || view.GetRegion() != "广东" ||
			view.GetKind() != profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL || len(view.GetIdentifiers()) != 2 {
			t.Errorf("the view is %v", view)
		}
		equal(t, "merged", view.GetMerged(), []string{"customers/b", "customers/a-1"})
		same(t, "under the survivor's name", s.get(t, "c"), view)
		found, err := s.customers.LookupCustomer(t.Context(), &profilev1.LookupCustomerRequest{Phone: "13812345678"})
		must(t, err)
		same(t, "by an identifier of a merged record", found, view)
		batch, err := s.customers.BatchGetCustomers(t.Context(), &profilev1.BatchGetCustomersRequest{Names: []string{"customers/b", "customers/x", "customers/c", "customers/d"}})
		must(t, err)
		if len(batch.GetCustomers()) != 3 || batch.GetCustomers()[0].GetName() != "customers/c" || batch.GetCustomers()[2].GetName() != "customers/d" {
			t.Errorf("batch: %v", batch)
		}
		equal(t, "missing", batch.GetMissing(), []string{"customers/x"})
		for _, size := range []int32{1, 2, 50} {
			equal(t, "list", s.listed(t, size), []string{"bb", "c", "d"})
			for _, id := range []string{"c", "b", "a-1"} {
				equal(t, "orders of "+id, s.ordersOf(t, id, size), []string{"b/orders/1", "a-1/orders/2", "b/orders/2", "a-1/orders/4"})
			}
		}
		equal(t, "stream", s.streamed(t, nil), []string{"bb", "c", "d"})
		equal(t, "histories", s.net(t, nil), []string{"bb[9]", "c[10 20 2 40]", "d[1]"})
		equal(t, "up to the survivor", s.net(t, &apiv1.CustomerRange{To: "c"}), []string{"bb[9]"})
		equal(t, "the survivor alone", s.net(t, &apiv1.CustomerRange{From: "c", To: "d"}), []string{"c[10 20 2 40]"})
		equal(t, "behind the survivor", s.net(t, &apiv1.CustomerRange{From: `c"`}), []string{"d[1]"})

		s.record(t, order("customers/a-1/orders/5", 500))
		equal(t, "a late order", s.ordersOf(t, "c", 50), []string{"b/orders/1", "a-1/orders/2", "b/orders/2", "a-1/orders/4", "a-1/orders/5"})
		apart := s.unmerge(t, "a-1")
		if len(apart.GetCustomers()) != 2 || apart.GetCustomers()[0].GetName() != "customers/c" || apart.GetCustomers()[1].GetName() != "customers/a-1" {
			t.Errorf("taken apart: %v", apart)
		}
		after := s.get(t, "a-1")
		after.UpdateTime, after.Etag, before.UpdateTime, before.Etag = nil, "", nil, ""
		same(t, "as if never merged", after, before)
		equal(t, "its orders", s.ordersOf(t, "a-1", 50), []string{"a-1/orders/2", "a-1/orders/4", "a-1/orders/5"})
		equal(t, "the other's", s.ordersOf(t, "c", 50), []string{"b/orders/1", "b/orders/2"})
		undone, err := s.merges.UnmergeCustomers(t.Context(), &profilev1.UnmergeCustomersRequest{
			Target: &profilev1.UnmergeCustomersRequest_MergeRecord{MergeRecord: first.GetMergeRecord().GetName()},
		})
		must(t, err)
		if undone.GetMergeRecord().GetState() != profilev1.MergeState_MERGE_STATE_UNMERGED {
			t.Errorf("undone: %v", undone)
		}
		equal(t, "all apart", s.net(t, nil), []string{"a-1[2 40 500]", "b[10 20]", "bb[9]", "d[1]"})
		equal(t, "all listed", s.listed(t, 2), []string{"a-1", "b", "bb", "c", "d"})
	})
}

func TestMergesAreRefusedWithAReason(t *testing.T) {
	s := serve(t, onPebble(t))
	family(t, s)
	for _, id := range []string{"e", "f"} {
		s.create(t, id, &profilev1.Customer{})
	}
	s.merge(t, "e", "f")
	for name, c := range map[string]struct {
		survivor      string
		merged        []string
		code          codes.Code
		reason, field string
	}{
		"nobody survives":  {"x", []string{"a-1"}, codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
		"nobody merged":    {"a-1", []string{"x"}, codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
		"the anonymous":    {"a-1", []string{"anonymous"}, codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
		"with itself":      {"a-1", []string{"b", "a-1"}, codes.FailedPrecondition, "MERGE_WITH_ITSELF", "merged[1]"},
		"into its own":     {"f", []string{"e"}, codes.FailedPrecondition, "MERGE_WITH_ITSELF", "merged[0]"},
		"twice":            {"a-1", []string{"b", "b"}, codes.InvalidArgument, "INVALID_FIELD", "merged[1]"},
		"merged already":   {"a-1", []string{"f"}, codes.FailedPrecondition, "CUSTOMER_MERGED", "merged[0]"},
		"merged into this": {"e", []string{"f"}, codes.FailedPrecondition, "CUSTOMER_MERGED", "merged[0]"},
		"no name":          {"a/b", []string{"b"}, codes.InvalidArgument, "INVALID_FIELD", "survivor"},
		"nothing":          {"b", nil, codes.InvalidArgument, "INVALID_FIELD", "merged"},
	} {
		_, err := s.tryMerge(t.Context(), c.survivor, c.merged...)
		refused(t, name, err, c.code, c.reason, c.field)
	}
	equal(t, "nothing came of it", s.listed(t, 50), []string{"a-1", "b", "bb", "c", "d", "e"})
	_, err := s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/f"})
	refused(t, "deleting a merged record", err, codes.FailedPrecondition, "CUSTOMER_IN_MERGE", "")
	_, err = s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/e"})
	refused(t, "deleting a survivor", err, codes.FailedPrecondition, "CUSTOMER_IN_MERGE", "")
	for _, target := range []string{"a-1", "e"} {
		_, err = s.merges.UnmergeCustomers(t.Context(), &profilev1.UnmergeCustomersRequest{
			Target: &profilev1.UnmergeCustomersRequest_Customer{Customer: "customers/" + target},
		})
		refused(t, "unmerging "+target, err, codes.FailedPrecondition, "CUSTOMER_NOT_MERGED", "")
	}
	_, err = s.merges.UnmergeCustomers(t.Context(), &profilev1.UnmergeCustomersRequest{})
	refused(t, "unmerging nothing", err, codes.InvalidArgument, "INVALID_FIELD", "target")
	_, err = s.merges.GetMergeRecord(t.Context(), &profilev1.GetMergeRecordRequest{Name: "mergeRecords/x"})
	refused(t, "a record there is not", err, codes.NotFound, "MERGE_RECORD_NOT_FOUND", "")
	s.unmerge(t, "f")
	_, err = s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/f"})
	must(t, err)
}

// A program may join a visitor to a customer, but not two who are identified.
func TestOnlyPersonsMergeTheIdentified(t *testing.T) {
	s := serve(t, onPebble(t))
	family(t, s)
	merge := func(survivor, merged string) error {
		_, err := s.merges.MergeCustomers(t.Context(), &profilev1.MergeCustomersRequest{
			Survivor: "customers/" + survivor, Merged: []string{"customers/" + merged}, Automatic: true,
		})
		return err
	}
	refused(t, "two identified", merge("a-1", "b"), codes.FailedPrecondition, "MERGE_NEEDS_PERSON", "automatic")
	must(t, merge("a-1", "d"))
	refused(t, "by way of a visitor", merge("b", "a-1"), codes.FailedPrecondition, "MERGE_NEEDS_PERSON", "automatic")
	s.merge(t, "b", "a-1")
}

func TestMergeIsTriedAndRepeated(t *testing.T) {
	s := serve(t, onPebble(t))
	family(t, s)
	r := &profilev1.MergeCustomersRequest{Survivor: "customers/c", Merged: []string{"customers/b", "customers/a-1"}, ValidateOnly: true, RequestId: "once", Evidence: []string{"ticket 7"}}
	tried, err := s.merges.MergeCustomers(t.Context(), r)
	must(t, err)
	if s.get(t, "b").GetName() != "customers/b" || tried.GetMergeRecord().GetName() != "" {
		t.Error("a trial merged")
	}
	r.ValidateOnly = false
	done, err := s.merges.MergeCustomers(t.Context(), r)
	must(t, err)
	tried.Customer.Etag, tried.Customer.UpdateTime = done.GetCustomer().GetEtag(), done.GetCustomer().GetUpdateTime()
	same(t, "as was tried", done.GetCustomer(), tried.GetCustomer())
	for _, only := range []bool{true, false} {
		r.ValidateOnly = only
		again, err := s.merges.MergeCustomers(t.Context(), r)
		must(t, err)
		same(t, "again", again, done)
	}
	r.Merged = r.Merged[:1]
	_, err = s.merges.MergeCustomers(t.Context(), r)
	refused(t, "the key for another merge", err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
	got, err := s.merges.GetMergeRecord(t.Context(), &profilev1.GetMergeRecordRequest{Name: done.GetMergeRecord().GetName()})
	must(t, err)
	same(t, "the record", got, done.GetMergeRecord())
	if got.GetActor() == "" || got.GetEvidence()[0] != "ticket 7" || !got.GetCreateTime().AsTime().Equal(now) {
		t.Errorf("the record: %v", got)
	}
	apart, err := s.merges.UnmergeCustomers(t.Context(), &profilev1.UnmergeCustomersRequest{
		Target: &profilev1.UnmergeCustomersRequest_Customer{Customer: "customers/b"}, ValidateOnly: true,
	})
	must(t, err)
	equal(t, "would keep", apart.GetCustomers()[0].GetMerged(), []string{"customers/a-1"})
	if s.get(t, "b").GetName() != "customers/c" {
		t.Error("a trial unmerged")
	}
}

func TestChangesGoToTheRecordTheyName(t *testing.T) {
	s := serve(t, onPebble(t))
	family(t, s)
	s.merge(t, "c", "a-1", "b")
	view := s.get(t, "c")
	update := func(id, etag string, c *profilev1.Customer, fields ...string) (*profilev1.Customer, error) {
		c.Name, c.Etag = "customers/"+id, etag
		return s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{Customer: c, UpdateMask: &fieldmaskpb.FieldMask{Paths: fields}})
	}
	changed, err := update("b", view.GetEtag(), &profilev1.Customer{City: "广州"}, "city")
	must(t, err)
	if changed.GetName() != "customers/c" || changed.GetCity() != "深圳" {
		t.Errorf("the view is %v", changed)
	}
	_, err = update("c", view.GetEtag(), &profilev1.Customer{City: "珠海"}, "city")
	refused(t, "an etag from before another record changed", err, codes.Aborted, "ETAG_MISMATCH", "")
	// The identifiers of a view, written back, stay where they are.
	all := append(s.get(t, "c").GetIdentifiers(), mail("c@example.com"))
	changed, err = update("c", changed.GetEtag(), &profilev1.Customer{City: "珠海", Identifiers: all}, "city", "identifiers")
	must(t, err)
	if changed.GetCity() != "珠海" || len(changed.GetIdentifiers()) != 3 {
		t.Errorf("the view is %v", changed)
	}
	statuses, err := s.customers.BatchUpsertCustomers(t.Context(), &profilev1.BatchUpsertCustomersRequest{Customers: []*profilev1.Customer{
		{Name: "customers/d", Etag: view.GetEtag()}, {Name: "customers/c", Etag: view.GetEtag(), City: "x"},
	}})
	must(t, err)
	equal(t, "stale", reasons(statuses.GetStatuses()), []string{"ETAG_MISMATCH ", "ETAG_MISMATCH "})
	s.unmerge(t, "b")
	s.unmerge(t, "a-1")
	for id, want := range map[string]struct {
		city        string
		identifiers int
	}{"a-1": {"深圳", 1}, "b": {"广州", 1}, "c": {"珠海", 1}} {
		if got := s.get(t, id); got.GetCity() != want.city || len(got.GetIdentifiers()) != want.identifiers {
			t.Errorf("%s is %v", id, got)
		}
	}
}

func TestJournalAndLinks(t *testing.T) {
	clock := now
	s := serveAt(t, onPebble(t), func() time.Time { return clock })
	for i := range 6 {
		s.create(t, fmt.Sprintf("c%d", i), &profilev1.Customer{})
	}
	changes := func(cursor string) (lines []string, next string) {
		t.Helper()
		for {
			got, err := s.merges.ListMergeLinkChanges(t.Context(), &profilev1.ListMergeLinkChangesRequest{Cursor: cursor, PageSize: 1})
			must(t, err)
			for _, l := range got.GetLinks() {
				lines = append(lines, fmt.Sprint(l.GetCustomerId(), l.GetIntoId(), l.GetLinked()))
			}
			if cursor = got.GetNextCursor(); !got.GetMore() {
				return lines, cursor
			}
		}
	}
	_, start := changes("")
	s.merge(t, "c0", "c1", "c2")
	clock = clock.Add(time.Second)
	s.merge(t, "c3", "c0")
	clock = clock.Add(time.Second)
	told, then := changes(start)
	equal(t, "at once", told, []string{"c1c0true", "c2c0true", "c0c3true"})
	told, _ = changes(then)
	equal(t, "once more", told, []string{"c1c0true", "c2c0true", "c0c3true"})
	clock = clock.Add(time.Minute)
	_, then = changes(then)
	s.unmerge(t, "c1")
	told, last := changes(then)
	equal(t, "an unmerge", told, []string{"c1c0false", "c2c0true"})
	clock = clock.Add(time.Minute)
	_, last = changes(last)
	told, _ = changes(last)
	equal(t, "nothing new", told, nil)
	told, _ = changes("")
	equal(t, "from the beginning", told, []string{"c0c3true", "c1c0false", "c2c0true"})
	links, err := s.merges.ListMergeLinks(t.Context(), &profilev1.ListMergeLinksRequest{})
	must(t, err)
	if len(links.GetLinks()) != 2 || links.GetLinks()[0].GetCustomerId() != "c0" || links.GetLinks()[1].GetIntoId() != "c0" {
		t.Errorf("links: %v", links)
	}
	equal(t, "members", s.get(t, "c2").GetMerged(), []string{"customers/c0", "customers/c2"})
	for customer, want := range map[string][]string{"": {"c3", "c0"}, "c0": {"c3", "c0"}, "c1": {"c0"}, "c5": nil} {
		r := &profilev1.ListMergeRecordsRequest{PageSize: 1}
		if customer != "" {
			r.Customer = "customers/" + customer
		}
		var survivors []string
		for more := true; more; more = r.PageToken != "" {
			page, err := s.merges.ListMergeRecords(t.Context(), r)
			must(t, err)
			for _, m := range page.GetMergeRecords() {
				survivors = append(survivors, strings.TrimPrefix(m.GetSurvivor(), "customers/"))
			}
			r.PageToken = page.GetNextPageToken()
		}
		equal(t, "journal of "+customer, survivors, want)
	}
	for _, cursor := range []string{"x", "AAAA", start + "A", strings.Repeat("A", 200)} {
		_, err := s.merges.ListMergeLinkChanges(t.Context(), &profilev1.ListMergeLinkChangesRequest{Cursor: cursor})
		refused(t, "a cursor of nobody's", err, codes.InvalidArgument, "INVALID_FIELD", "cursor")
	}
}
