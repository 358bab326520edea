package operation

import (
	"context"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// listAll reads a list to its end in pages of the given size.
func listAll(t *testing.T, m *Manager, filter string, size int32) (names []string) {
	t.Helper()
	r := &longrunningpb.ListOperationsRequest{Name: "operations/test", Filter: filter, PageSize: size}
	for {
		page, err := m.List(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.GetOperations()) > int(size) {
			t.Fatalf("%d operations in a page of %d", len(page.GetOperations()), size)
		}
		for _, op := range page.GetOperations() {
			names = append(names, op.GetName())
		}
		if page.GetNextPageToken() == "" {
			return names
		}
		r.PageToken = page.GetNextPageToken()
	}
}

func testList(t *testing.T, e docstore.Engine) {
	clock := newClock()
	m := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) { return 0, nil })
	var all, done, open []string
	for i, id := range ids(11) {
		if i%4 != 1 { // some are begun in the same instant
			clock.advance(time.Second)
		}
		name := start(t, m, id, "a").GetName()
		all = append(all, name)
		if i%3 == 0 {
			if err := m.Cancel(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			done = append(done, name)
		} else {
			open = append(open, name)
		}
	}
	for filter, want := range map[string][]string{
		"": all, "done": done, "done = true": done, "done!=false": done, " NOT done": open, "-done": open,
		"done=false": open, "done != true": open, "NOT done = false": done,
	} {
		for _, size := range []int32{1, 3, 11, 100} {
			got := listAll(t, m, filter, size)
			created := func(name string) time.Time { return stored(t, m, name).CreateTime }
			if !slices.IsSortedFunc(got, func(a, b string) int { return created(b).Compare(created(a)) }) {
				t.Errorf("%q: not newest first: %v", filter, got)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%q in pages of %d: %v, want %v", filter, size, got, want)
			}
		}
	}

	first, err := m.List(t.Context(), &longrunningpb.ListOperationsRequest{Name: "operations/test", PageSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		request       *longrunningpb.ListOperationsRequest
		reason, field string
	}{
		{&longrunningpb.ListOperationsRequest{}, "INVALID_FIELD", "name"},
		{&longrunningpb.ListOperationsRequest{Name: "operations/other"}, "INVALID_FIELD", "name"},
		{&longrunningpb.ListOperationsRequest{Name: "operations/test", PageSize: -1}, "INVALID_FIELD", "page_size"},
		{&longrunningpb.ListOperationsRequest{Name: "operations/test", PageToken: "x"}, "PAGE_TOKEN_INVALID", "page_token"},
		{&longrunningpb.ListOperationsRequest{Name: "operations/test", Filter: "done", PageToken: first.GetNextPageToken()}, "PAGE_TOKEN_INVALID", "page_token"},
		{&longrunningpb.ListOperationsRequest{Name: "operations/test", Filter: `metadata.stage = "x"`}, "FIELD_NOT_FILTERABLE", "filter"},
		{&longrunningpb.ListOperationsRequest{Name: "operations/test", Filter: "done = maybe"}, "INVALID_FIELD", "filter"},
		{&longrunningpb.ListOperationsRequest{Name: "operations/test", Filter: "done = true OR done = false"}, "INVALID_FIELD", "filter"},
	} {
		_, err := m.List(t.Context(), c.request)
		if f := wantFault(t, err, fault.InvalidArgument, c.reason); f.Violations[0].Field != c.field {
			t.Errorf("%v: fault names %q", c.request, f.Violations[0].Field)
		}
	}
}

func testDelete(t *testing.T, e docstore.Engine) {
	m := newTestManager(t, e, newClock(), func(context.Context, *testRun) (int64, error) { return 1, nil })
	name := start(t, m, "x", "a").GetName()
	wantFault(t, m.Delete(t.Context(), name), fault.FailedPrecondition, "OPERATION_NOT_DONE")
	serve(t, m)
	await(t, m, name)
	if err := m.Delete(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	wantFault(t, m.Delete(t.Context(), name), fault.NotFound, "OPERATION_NOT_FOUND")
	wantFault(t, m.Cancel(t.Context(), name), fault.NotFound, "OPERATION_NOT_FOUND")
	start(t, m, "x", "another request") // the id is free again
	await(t, m, name)
}

func testExpiredAreSwept(t *testing.T, e docstore.Engine) {
	clock := newClock()
	m := newTestManager(t, e, clock, func(context.Context, *testRun) (int64, error) { return 1, nil })
	old, young, open := start(t, m, "old", "a").GetName(), start(t, m, "young", "a").GetName(), start(t, m, "open", "a").GetName()
	cancel := func(name string) {
		if err := m.Cancel(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	cancel(old)
	clock.advance(m.cfg.Retention / 2)
	cancel(young)
	clock.advance(m.cfg.Retention/2 - time.Second)
	sweep := func() {
		t.Helper()
		if err := m.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	get(t, m, old)
	clock.advance(2 * time.Second)
	sweep()
	_, err := m.Get(t.Context(), old)
	wantFault(t, err, fault.NotFound, "OPERATION_NOT_FOUND")
	get(t, m, young)
	get(t, m, open)

	// The workers sweep by themselves.
	serve(t, m)
	eventually(t, clock, time.Hour, "the second one expires", func() bool {
		_, err := m.Get(t.Context(), young)
		return fault.KindOf(err) == fault.NotFound
	})
	if got := listAll(t, m, "", 10); len(got) != 1 || got[0] != open {
		t.Errorf("left: %v, want %s", got, open)
	}
}
