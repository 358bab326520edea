package mongostore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"
)

// calls are all that can be asked of a table.
func calls(table docstore.Table) map[string]func(context.Context) error {
	write := func(writes ...docstore.Write) func(context.Context) error {
		return func(ctx context.Context) error { _, err := table.Write(ctx, writes); return err }
	}
	return map[string]func(context.Context) error{
		"get":             func(ctx context.Context) error { _, err := table.Get(ctx, "a"); return err },
		"get many":        func(ctx context.Context) error { _, err := table.GetMany(ctx, []string{"a", "b"}); return err },
		"insert":          write(create("c", "x")),
		"replace":         write(replace("a", 1, "w")),
		"replace in bulk": write(replace("a", 1, "w"), replace("b", 1, "w")),
		"overwrite":       write(replace("a", docstore.Any, "w")),
		"remove":          write(docstore.Write{ID: "a", Expect: docstore.Any}),
		"scan": func(ctx context.Context) (last error) {
			for _, err := range table.Scan(ctx, docstore.Range{Index: "city"}) {
				last = err
			}
			return last
		},
		"count": func(ctx context.Context) error { _, err := table.Count(ctx, docstore.Range{}); return err },
		"purge": func(ctx context.Context) error { return table.Purge(ctx, docstore.Range{}) },
	}
}

// openImpatient opens an engine that gives up soon on a server that is gone. It
// is connected on return, as a server new to its work may be slow to answer.
func openImpatient(t *testing.T, uri string) docstore.Engine {
	t.Helper()
	e, err := mongostore.Open(t.Context(), withQuery(t, uri, "serverSelectionTimeoutMS=300"), "kehu_test", mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	await(t, func() error { return e.Ping(t.Context()) })
	return e
}

// A database that dies breaks the connections: every call then says Unavailable,
// within the deadline of a write, and works again once the database is back.
func TestADatabaseThatDiesIsUnavailableUntilItIsBack(t *testing.T) {
	server := mongotest.Start(t, 0)
	e := openImpatient(t, server.URI)
	table := openTable(t, e)
	mustWrite(t, table, create("a", "x"), create("b", "x"))

	server.Kill()
	began := time.Now()
	_, err := table.Get(t.Context(), "a")
	if fault.KindOf(err) != fault.Unavailable || time.Since(began) > 5*time.Second {
		t.Errorf("after %v: %v, want Unavailable within 5 s", time.Since(began), err)
	}
	for name, call := range calls(table) {
		err := call(t.Context())
		if fault.KindOf(err) != fault.Unavailable || fault.ReasonOf(err) != "STORE_UNAVAILABLE" {
			t.Errorf("%s: %v, want STORE_UNAVAILABLE", name, err)
		}
	}
	if err := e.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Ping: %v, want Unavailable", err)
	}

	mongotest.Start(t, server.Port)
	await(t, func() error { return e.Ping(t.Context()) })
	mustWrite(t, table, create("a", "x")) // the stand-in has come back empty
	if _, err := table.Get(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func TestAScanCutShortByTheDatabaseEndsWithAnError(t *testing.T) {
	server := mongotest.Start(t, 0)
	e := openImpatient(t, server.URI)
	table := openTable(t, e)
	var writes []docstore.Write
	for i := range mongostore.ScanBatch + 10 {
		writes = append(writes, create(name(i), ""))
	}
	mustWrite(t, table, writes...)
	met, last := 0, error(nil)
	for _, err := range table.Scan(t.Context(), docstore.Range{}) {
		if err == nil {
			met++
		}
		if last = err; met == 1 {
			server.Kill()
		}
	}
	if met >= len(writes) || fault.KindOf(last) != fault.Unavailable {
		t.Errorf("%d of %d entries, then %v, want Unavailable", met, len(writes), last)
	}
}

// Where connections stay open and nothing comes back, only the deadline ends a
// call; of a write the outcome is then unknown, and so the error is one of the
// whole call.
func TestADatabaseThatFallsSilentRunsIntoTheDeadline(t *testing.T) {
	server := mongotest.Start(t, 0)
	between := startProxy(t, strings.Trim(strings.TrimPrefix(server.URI, "mongodb://"), "/"))
	e := openImpatient(t, "mongodb://"+between.address+"/")
	table := openTable(t, e)
	mustWrite(t, table, create("a", "x"), create("b", "x"))

	between.swallows.Store(true)
	for name, call := range calls(table) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := call(ctx); fault.KindOf(err) != fault.DeadlineExceeded {
			t.Errorf("%s: %v, want DeadlineExceeded", name, err)
		}
		cancel()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := e.Ping(ctx); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Ping: %v, want Unavailable", err)
	}
}

func TestADatabaseThatNeverAnsweredIsUnavailable(t *testing.T) {
	server := mongotest.Start(t, 0)
	between := startProxy(t, strings.Trim(strings.TrimPrefix(server.URI, "mongodb://"), "/"))
	between.swallows.Store(true)
	uri := "mongodb://" + between.address + "/?serverSelectionTimeoutMS=100"
	e, err := mongostore.Open(t.Context(), uri, "kehu_test", mongostore.Options{SkipIndexes: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	for name, call := range calls(openTable(t, e)) {
		if err := call(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v, want Unavailable", name, err)
		}
	}
}

func TestTheEndOfTheCallersContextIsTold(t *testing.T) {
	table := openTable(t, mongotest.Open(t))
	mustWrite(t, table, create("a", "x"), create("b", "x"))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(table) {
		if err := call(cancelled); fault.KindOf(err) != fault.Cancelled || !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v, want Cancelled", name, err)
		}
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for name, call := range calls(table) {
		if err := call(late); fault.KindOf(err) != fault.DeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s with a past deadline: %v, want DeadlineExceeded", name, err)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, last = range table.Scan(ctx, docstore.Range{}) {
		cancel()
	}
	if fault.KindOf(last) != fault.Cancelled {
		t.Errorf("a scan cancelled on its way ends with %v, want Cancelled", last)
	}
}

func TestTheStandinEndsWithItsParent(t *testing.T) {
	server := mongotest.Start(t, 0)
	if err := server.HangUp(patience); err != nil {
		t.Errorf("its input closed, the stand-in ended with %v", err)
	}
}

// await polls until check succeeds.
func await(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
