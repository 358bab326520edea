package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

func wang() *profilev1.Customer {
	return &profilev1.Customer{
		Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL, DisplayName: "王芳",
		Gender: profilev1.Gender_GENDER_FEMALE, BirthDate: &date.Date{Year: 1990, Month: 5, Day: 17},
		Region: "广东", City: "深圳", Acquisition: profilev1.Acquisition_ACQUISITION_REFERRAL,
		Identifiers: []*profilev1.Identifier{
			mail("Wang.Fang@Example.com"), phone("138 1234 5678"),
			{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_EXTERNAL_ID, Value: "tb1", Namespace: "taobao/shop-1"},
		},
	}
}

func TestCustomerComesBackAsCreated(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		created := s.create(t, "会员 1", wang())
		want := wang()
		want.Name, want.Etag, want.CreateTime, want.UpdateTime = "customers/会员 1", `"1"`, at(now), at(now)
		want.Identifiers[0].Value, want.Identifiers[1].Value = "wang.fang@example.com", "+8613812345678"
		same(t, "created", created, want)
		got, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: want.Name})
		must(t, err)
		same(t, "got", got, want)
		for _, r := range []*profilev1.LookupCustomerRequest{
			{Email: "WANG.FANG@example.COM"}, {Phone: "+86 13812345678"}, {Phone: "１３８１２３４５６７８"},
			{ExternalId: "tb1", Namespace: "taobao/shop-1"},
		} {
			found, err := s.customers.LookupCustomer(t.Context(), r)
			must(t, err)
			same(t, "looked up", found, want)
		}
	})
}

func TestLookupErrors(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "a", wang())
	for _, c := range []struct {
		request       *profilev1.LookupCustomerRequest
		code          codes.Code
		reason, field string
	}{
		{&profilev1.LookupCustomerRequest{}, codes.InvalidArgument, "INVALID_FIELD", "email"},
		{&profilev1.LookupCustomerRequest{Email: "a@example.com", Phone: "13812345678"}, codes.InvalidArgument, "INVALID_FIELD", "email"},
		{&profilev1.LookupCustomerRequest{Phone: "138****5678"}, codes.InvalidArgument, "PHONE_MASKED", "phone"},
		{&profilev1.LookupCustomerRequest{Phone: "13812345678-1234"}, codes.InvalidArgument, "PHONE_VIRTUAL", "phone"},
		{&profilev1.LookupCustomerRequest{Email: "nobody"}, codes.InvalidArgument, "INVALID_FIELD", "email"},
		{&profilev1.LookupCustomerRequest{Email: "a@example.com", Namespace: "x"}, codes.InvalidArgument, "INVALID_FIELD", "namespace"},
		{&profilev1.LookupCustomerRequest{Email: "nobody@example.com"}, codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
		{&profilev1.LookupCustomerRequest{ExternalId: "tb1", Namespace: "taobao/shop-2"}, codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
		{&profilev1.LookupCustomerRequest{ExternalId: "tb1"}, codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
	} {
		_, err := s.customers.LookupCustomer(t.Context(), c.request)
		refused(t, c.request.String(), err, c.code, c.reason, c.field)
	}
}

func TestCreateErrors(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "a", wang())
	with := func(change func(*profilev1.Customer)) *profilev1.Customer {
		c := &profilev1.Customer{DisplayName: "x"}
		change(c)
		return c
	}
	for _, c := range []struct {
		id            string
		customer      *profilev1.Customer
		code          codes.Code
		reason, field string
	}{
		{"b", nil, codes.InvalidArgument, "INVALID_FIELD", "customer"},
		{"a", with(func(*profilev1.Customer) {}), codes.AlreadyExists, "CUSTOMER_EXISTS", ""},
		{"a/b", with(func(*profilev1.Customer) {}), codes.InvalidArgument, "INVALID_FIELD", "customer_id"},
		{"..", with(func(*profilev1.Customer) {}), codes.InvalidArgument, "INVALID_FIELD", "customer_id"},
		{"a\x00", with(func(*profilev1.Customer) {}), codes.InvalidArgument, "INVALID_FIELD", "customer_id"},
		{strings.Repeat("x", 129), with(func(*profilev1.Customer) {}), codes.InvalidArgument, "INVALID_FIELD", "customer_id"},
		{strings.Repeat("x", 1<<20), with(func(*profilev1.Customer) {}), codes.InvalidArgument, "INVALID_FIELD", "customer_id"},
		{"b", with(func(c *profilev1.Customer) { c.DisplayName = strings.Repeat("王", 257) }), codes.InvalidArgument, "INVALID_FIELD", "customer.display_name"},
		{"b", with(func(c *profilev1.Customer) { c.DisplayName = "a\x00b" }), codes.InvalidArgument, "INVALID_FIELD", "customer.display_name"},
		{"b", with(func(c *profilev1.Customer) { c.Kind = 99 }), codes.InvalidArgument, "INVALID_FIELD", "customer.kind"},
		{"b", with(func(c *profilev1.Customer) { c.BirthDate = &date.Date{Year: 2023, Month: 2, Day: 29} }), codes.InvalidArgument, "INVALID_FIELD", "customer.birth_date"},
		{"b", with(func(c *profilev1.Customer) {
			c.Identifiers = []*profilev1.Identifier{mail("x@example.com"), mail("wang.fang@example.com")}
		}), codes.AlreadyExists, "IDENTIFIER_TAKEN", "customer.identifiers[1].value"},
		{"b", with(func(c *profilev1.Customer) { c.Identifiers = []*profilev1.Identifier{phone("138****5678")} }), codes.InvalidArgument, "PHONE_MASKED", "customer.identifiers[0].value"},
		{"b", with(func(c *profilev1.Customer) { c.Identifiers = []*profilev1.Identifier{{Value: "x"}} }), codes.InvalidArgument, "INVALID_FIELD", "customer.identifiers[0].type"},
	} {
		for _, validateOnly := range []bool{true, false} {
			_, err := s.customers.CreateCustomer(t.Context(), &profilev1.CreateCustomerRequest{CustomerId: c.id, Customer: c.customer, ValidateOnly: validateOnly})
			refused(t, c.id, err, c.code, c.reason, c.field)
		}
	}
	// Nothing was written: the identifier named first is still free.
	s.create(t, "b", &profilev1.Customer{Identifiers: []*profilev1.Identifier{mail("x@example.com")}})
}

func TestCreateWithoutAnID(t *testing.T) {
	s := serve(t, onPebble(t))
	one, two := s.create(t, "", &profilev1.Customer{}), s.create(t, "", &profilev1.Customer{})
	if one.GetName() == two.GetName() || len(one.GetName()) != len("customers/")+26 {
		t.Errorf("made %s and %s", one.GetName(), two.GetName())
	}
}

func TestCreateOnce(t *testing.T) {
	s := serve(t, onPebble(t))
	for _, id := range []string{"", "given"} {
		r := &profilev1.CreateCustomerRequest{Customer: &profilev1.Customer{DisplayName: "x"}, CustomerId: id, RequestId: "key-" + id}
		first, err := s.customers.CreateCustomer(t.Context(), r)
		must(t, err)
		again, err := s.customers.CreateCustomer(t.Context(), r)
		must(t, err)
		same(t, "the same request", again, first)
		r.Customer.DisplayName = "y"
		_, err = s.customers.CreateCustomer(t.Context(), r)
		refused(t, "another body", err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
	}
}

func TestValidateOnlyCreatesNothing(t *testing.T) {
	s := serve(t, onPebble(t))
	would, err := s.customers.CreateCustomer(t.Context(), &profilev1.CreateCustomerRequest{Customer: wang(), CustomerId: "a", ValidateOnly: true})
	must(t, err)
	if would.GetName() != "customers/a" || would.GetIdentifiers()[1].GetValue() != "+8613812345678" {
		t.Errorf("would make %v", would)
	}
	_, err = s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/a"})
	refused(t, "get", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
	s.create(t, "b", wang())
}

func TestUpdate(t *testing.T) {
	s := serve(t, onPebble(t))
	before := s.create(t, "a", wang())
	given := &profilev1.Customer{
		Name: "customers/a", DisplayName: "王小芳", BirthDate: &date.Date{Month: 5, Day: 18},
		Identifiers: []*profilev1.Identifier{phone("13900000000")},
	}
	for _, c := range []struct {
		name  string
		paths []string
		want  func(*profilev1.Customer)
	}{
		{"one field", []string{"display_name"}, func(c *profilev1.Customer) { c.DisplayName = "王小芳" }},
		{"a field that is not set", []string{"city"}, func(c *profilev1.Customer) { c.City = "" }},
		{"part of a date", []string{"birth_date.day"}, func(c *profilev1.Customer) { c.BirthDate.Day = 18 }},
		{"what is set", nil, func(c *profilev1.Customer) {
			c.DisplayName, c.BirthDate = "王小芳", given.BirthDate
			c.Identifiers = []*profilev1.Identifier{phone("+8613900000000")}
		}},
		{"all", []string{"*"}, func(c *profilev1.Customer) {
			name, created := c.GetName(), c.GetCreateTime()
			proto.Reset(c)
			c.Name, c.CreateTime, c.DisplayName, c.BirthDate = name, created, "王小芳", given.BirthDate
			c.Identifiers = []*profilev1.Identifier{phone("+8613900000000")}
		}},
	} {
		for _, validateOnly := range []bool{true, false} {
			want := proto.Clone(before).(*profilev1.Customer)
			c.want(want)
			got, err := s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
				Customer: given, UpdateMask: &fieldmaskpb.FieldMask{Paths: c.paths}, ValidateOnly: validateOnly,
			})
			must(t, err)
			want.Etag, want.UpdateTime = got.GetEtag(), got.GetUpdateTime()
			same(t, c.name, got, want)
			if !validateOnly {
				before = got
			}
		}
		stored, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/a"})
		must(t, err)
		same(t, c.name+", stored", stored, before)
	}
	// The identifiers given up are free, the new one is not.
	s.create(t, "b", wang())
	_, err := s.customers.LookupCustomer(t.Context(), &profilev1.LookupCustomerRequest{Phone: "13900000000"})
	must(t, err)
}

func TestUpdateErrors(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "a", wang())
	s.create(t, "b", &profilev1.Customer{DisplayName: "x"})
	for _, c := range []struct {
		customer      *profilev1.Customer
		mask          []string
		code          codes.Code
		reason, field string
	}{
		{&profilev1.Customer{Name: "customers/b"}, []string{"shoe_size"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		{&profilev1.Customer{Name: "customers/b"}, []string{""}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		{&profilev1.Customer{Name: "customers/b"}, []string{"*", "city"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		{&profilev1.Customer{Name: "customers/b"}, []string{"create_time"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		{&profilev1.Customer{Name: "customers/b"}, []string{"name"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		{&profilev1.Customer{Name: "customers/b"}, []string{"etag"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		{&profilev1.Customer{Name: "customers/b"}, []string{"identifiers.value"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		{&profilev1.Customer{Name: "customers/b", City: "x", Etag: `"9"`}, nil, codes.Aborted, "ETAG_MISMATCH", ""},
		{&profilev1.Customer{Name: "customers/b", City: "x", Etag: "nonsense"}, nil, codes.InvalidArgument, "INVALID_FIELD", "customer.etag"},
		{&profilev1.Customer{Name: "customers/nobody", City: "x"}, nil, codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
		{&profilev1.Customer{Name: "customers/b/orders/1", City: "x"}, nil, codes.InvalidArgument, "INVALID_FIELD", "customer.name"},
		{&profilev1.Customer{City: "x"}, nil, codes.InvalidArgument, "INVALID_FIELD", "customer.name"},
		{&profilev1.Customer{Name: "customers/b", City: "a\nb"}, nil, codes.InvalidArgument, "INVALID_FIELD", "customer.city"},
		{&profilev1.Customer{Name: "customers/b", Identifiers: []*profilev1.Identifier{phone("13812345678")}}, nil, codes.AlreadyExists, "IDENTIFIER_TAKEN", "customer.identifiers[0].value"},
	} {
		_, err := s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
			Customer: c.customer, UpdateMask: &fieldmaskpb.FieldMask{Paths: c.mask},
		})
		refused(t, fmt.Sprint(c.customer, c.mask), err, c.code, c.reason, c.field)
	}
	made, err := s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
		Customer: &profilev1.Customer{Name: "customers/c", City: "x"}, AllowMissing: true,
	})
	must(t, err)
	if made.GetEtag() != `"1"` || made.GetCity() != "x" {
		t.Errorf("made %v", made)
	}
}

func TestDelete(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		created := s.create(t, "a", wang())
		s.record(t, order("customers/b/orders/1", 1))
		for _, c := range []struct {
			name, etag    string
			code          codes.Code
			reason, field string
		}{
			{"customers/a", `"7"`, codes.Aborted, "ETAG_MISMATCH", ""},
			{"customers/b", "", codes.FailedPrecondition, "CUSTOMER_HAS_ORDERS", ""},
			{"customers/c", "", codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
			{"", "", codes.InvalidArgument, "INVALID_FIELD", "name"},
			{"orders/1", "", codes.InvalidArgument, "INVALID_FIELD", "name"},
			{"/customers/a", "", codes.InvalidArgument, "INVALID_FIELD", "name"},
		} {
			_, err := s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: c.name, Etag: c.etag})
			refused(t, c.name, err, c.code, c.reason, c.field)
		}
		_, err := s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/a", Etag: created.GetEtag()})
		must(t, err)
		_, err = s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/a"})
		refused(t, "get", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
		s.create(t, "z", wang()) // with the identifiers that are free again
		if again := s.create(t, "a", &profilev1.Customer{}); again.GetEtag() != `"3"` {
			t.Errorf("made anew it is at %s", again.GetEtag())
		}
	})
}

func TestBatchUpsertAndGet(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "a", &profilev1.Customer{City: "深圳", DisplayName: "old"})
	answer, err := s.customers.BatchUpsertCustomers(t.Context(), &profilev1.BatchUpsertCustomersRequest{Customers: []*profilev1.Customer{
		{Name: "customers/a", DisplayName: "new"}, {Name: "customers/b", Identifiers: []*profilev1.Identifier{mail("b@example.com")}},
		{Name: "b"}, {Name: "customers/b"}, {Name: "customers/c", Identifiers: []*profilev1.Identifier{mail("B@example.com")}},
		{Name: "customers/a/b"}, {Name: "customers/d", City: "\x00"}, {Name: "customers/e", Etag: `"1"`}, {Name: "customers/f", Etag: "?"}, {Name: "customers/g", Gender: 77},
	}})
	must(t, err)
	want := []string{"", "", "INVALID_FIELD name", "DUPLICATE_IN_REQUEST name", "IDENTIFIER_TAKEN identifiers[0].value",
		"INVALID_FIELD name", "INVALID_FIELD city", "ETAG_MISMATCH ", "INVALID_FIELD etag", "INVALID_FIELD gender"}
	if got := reasons(answer.GetStatuses()); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	found, err := s.customers.BatchGetCustomers(t.Context(), &profilev1.BatchGetCustomersRequest{Names: []string{"customers/b", "customers/c", "customers/a"}})
	must(t, err)
	if c := found.GetCustomers(); len(c) != 2 || c[0].GetName() != "customers/b" || c[1].GetDisplayName() != "new" || c[1].GetCity() != "" ||
		!slices.Equal(found.GetMissing(), []string{"customers/c"}) {
		t.Errorf("found %v", found)
	}
	_, err = s.customers.BatchGetCustomers(t.Context(), &profilev1.BatchGetCustomersRequest{Names: []string{"customers/b", "x"}})
	refused(t, "a bad name", err, codes.InvalidArgument, "INVALID_FIELD", "names[1]")
}

func TestListCustomers(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		var want []string
		for _, id := range []string{"a", "a-b", "a.b", "b", "😀", "会"} {
			s.create(t, id, &profilev1.Customer{})
			want = append(want, "customers/"+id)
		}
		slices.SortFunc(want, func(a, b string) int { return strings.Compare(docstore.ID(a), docstore.ID(b)) })
		var got []string
		r := &profilev1.ListCustomersRequest{PageSize: 4}
		for {
			page, err := s.customers.ListCustomers(t.Context(), r)
			must(t, err)
			for _, c := range page.GetCustomers() {
				got = append(got, c.GetName())
			}
			if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		_, err := s.customers.ListCustomers(t.Context(), &profilev1.ListCustomersRequest{PageSize: -1})
		refused(t, "page_size", err, codes.InvalidArgument, "INVALID_FIELD", "page_size")
		_, err = s.customers.ListCustomers(t.Context(), &profilev1.ListCustomersRequest{PageToken: "forged"})
		refused(t, "page_token", err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	})
}
