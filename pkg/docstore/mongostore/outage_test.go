package mongostore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"
)

// everyCall runs each kind of call and returns its error by name.
func everyCall(ctx context.Context, table docstore.Table) map[string]error {
	errs := make(map[string]error)
	_, errs["get"] = table.Get(ctx, "a")
	_, errs["get many"] = table.GetMany(ctx, []string{"a", "b"})
	_, errs["insert"] = table.Write(ctx, []docstore.Write{create("c", "x")})
	_, errs["replace"] = table.Write(ctx, []docstore.Write{replace("a", 1, "w")})
	_, errs["replace in bulk"] = table.Write(ctx, []docstore.Write{replace("a", 1, "w"), replace("b", 1, "w")})
	_, errs["overwrite"] = table.Write(ctx, []docstore.Write{replace("a", docstore.Any, "w")})
	for _, err := range table.Scan(ctx, docstore.Range{Index: "city"}) {
		errs["scan"] = err
	}
	_, errs["count"] = table.Count(ctx, docstore.Range{})
	errs["purge"] = table.Purge(ctx, docstore.Range{})
	return errs
}

// A database that dies breaks the connections: every call then says Unavailable,
// within the deadline of a write, and works again once the database is back.
func TestADatabaseThatDiesIsUnavailableUntilItIsBack(t *testing.T) {
	server := mongotest.Start(t, 0)
	e, err := mongostore.Open(t.Context(), withQuery(t, server.URI, "serverSelectionTimeoutMS=300"), "kehu_test", mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	table := openTable(t, e)
	mustWrite(t, table, create("a", "x"), create("b", "x"))
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}

	server.Kill()
	began := time.Now()
	_, err = table.Get(t.Context(), "a")
	if fault.KindOf(err) != fault.Unavailable || time.Since(began) > 5*time.Second {
		t.Errorf("after %v: %v, want Unavailable within 5 s", time.Since(began), err)
	}
	for call, err := range everyCall(t.Context(), table) {
		if f, ok := fault.As(err); !ok || f.Kind != fault.Unavailable || f.Reason != "STORE_UNAVAILABLE" {
			t.Errorf("%s: %v, want STORE_UNAVAILABLE", call, err)
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
	e, err := mongostore.Open(t.Context(), withQuery(t, server.URI, "serverSelectionTimeoutMS=300"), "kehu_test", mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
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

// A write in flight when the connection breaks has an unknown outcome; what the
// caller gets is a fault of the call, not a result per write.
func TestADatabaseThatNeverAnswers(t *testing.T) {
	e, err := mongostore.Open(t.Context(), "mongodb://"+silent(t)+"/?serverSelectionTimeoutMS=300", "kehu_test", mongostore.Options{SkipIndexes: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	for call, err := range everyCall(t.Context(), openTable(t, e)) {
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v, want Unavailable", call, err)
		}
	}
}

func TestTheEndOfTheCallersContextIsTold(t *testing.T) {
	table := openTable(t, mongotest.Open(t))
	mustWrite(t, table, create("a", "x"), create("b", "x"))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for call, err := range everyCall(cancelled, table) {
		if fault.KindOf(err) != fault.Cancelled || !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v, want Cancelled", call, err)
		}
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for call, err := range everyCall(late, table) {
		if fault.KindOf(err) != fault.DeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s with a past deadline: %v, want DeadlineExceeded", call, err)
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
