package mongostore_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"
)

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	for _, c := range []struct{ uri, database, field string }{
		{"mongodb://user:s3cret@host:port/", "kehu_profile", "mongodb_uri"},
		{"postgres://user:s3cret@host/", "kehu_profile", "mongodb_uri"},
		{"", "kehu_profile", "mongodb_uri"},
		{"mongodb://host/", "", "mongodb_database"},
		{"mongodb://host/", "kehu.profile", "mongodb_database"},
		{"mongodb://host/", "kehu profile", "mongodb_database"},
		{"mongodb://host/", strings.Repeat("k", 64), "mongodb_database"},
	} {
		_, err := mongostore.Open(t.Context(), c.uri, c.database, mongostore.Options{})
		f, ok := fault.As(err)
		if !ok || f.Kind != fault.InvalidArgument || len(f.Violations) != 1 || f.Violations[0].Field != c.field {
			t.Errorf("Open(%q, %q): %v, want an InvalidArgument fault of %s", c.uri, c.database, err, c.field)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the password is told in %q", err)
		}
	}
}

// What is acknowledged must be on the disks of a majority, what is read must be
// so too, and a write must end on the server, whatever the operator's URI says.
func TestConcernsAndDeadlinesAreSentToTheServer(t *testing.T) {
	e, sent, _ := openMonitored(t, "w=1&journal=false&readConcernLevel=local&readPreference=secondary", mongostore.Options{})
	table := openTable(t, e)
	ctx := t.Context()

	mustWrite(t, table, create("a", "x"), create("b", "x"), create("c", "y"))
	mustWrite(t, table, replace("a", 1, "w2"))                             // alone
	mustWrite(t, table, replace("b", 1, "w2"), replace("c", 1, "w2"))      // in bulk
	mustWrite(t, table, replace("a", docstore.Any, "w3"), create("d", "")) // blindly
	if err := table.Purge(ctx, docstore.Range{From: "d"}); err != nil {
		t.Fatal(err)
	}
	writes := sent.named("insert", "update", "delete")
	if len(writes) != 6 {
		t.Errorf("%d write commands, want 6: %v", len(writes), writes)
	}
	for _, w := range writes {
		concern := w.Lookup("writeConcern").Document()
		if concern.Lookup("w").StringValue() != "majority" || !concern.Lookup("j").Boolean() {
			t.Errorf("write concern %v, want majority and journal", concern)
		}
		if limit, ok := w.Lookup("maxTimeMS").AsInt64OK(); !ok || limit <= 0 || limit > 5000 {
			t.Errorf("maxTimeMS %d, want at most 5000", limit)
		}
	}

	before := len(sent.named("find", "aggregate"))
	if _, err := table.Get(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := table.GetMany(ctx, []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Count(ctx, docstore.Range{}); err != nil {
		t.Fatal(err)
	}
	ids(t, table, docstore.Range{Index: "city"})
	reads := sent.named("find", "aggregate")[before:]
	if len(reads) != 4 {
		t.Errorf("%d read commands, want 4", len(reads))
	}
	for _, r := range reads {
		if level, _ := r.Lookup("readConcern", "level").StringValueOK(); level != "majority" {
			t.Errorf("read concern %q, want majority, in %v", level, r)
		}
		if mode, ok := r.Lookup("$readPreference", "mode").StringValueOK(); ok && mode != "primary" && mode != "primaryPreferred" {
			t.Errorf("read preference %q, want the primary", mode)
		}
	}
}

func TestAShorterDeadlineOfTheCallerStands(t *testing.T) {
	e, sent, _ := openMonitored(t, "", mongostore.Options{})
	table := openTable(t, e)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := table.Write(ctx, []docstore.Write{create("a", "")}); err != nil {
		t.Fatal(err)
	}
	if limit := sent.named("insert")[0].Lookup("maxTimeMS").AsInt64(); limit > 2000 {
		t.Errorf("maxTimeMS %d, want at most 2000", limit)
	}
}

func TestTableCreatesItsIndexesOnce(t *testing.T) {
	e, _, database := openMonitored(t, "", mongostore.Options{})
	for range 2 {
		openTable(t, e)
	}
	indexes, err := database.Collection(people.Name).Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, index := range indexes {
		fields, err := index.KeysDocument.Elements()
		if err != nil {
			t.Fatal(err)
		}
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.Key()
		}
		keys = append(keys, strings.Join(names, " "))
	}
	slices.Sort(keys)
	if want := []string{"_id", "keys.city _id"}; !slices.Equal(keys, want) {
		t.Errorf("indexes on %q, want %q", keys, want)
	}
}

func TestSkipIndexesLeavesThemAlone(t *testing.T) {
	e, sent, _ := openMonitored(t, "", mongostore.Options{SkipIndexes: true})
	table := openTable(t, e)
	if n := len(sent.named("createIndexes")); n != 0 {
		t.Errorf("%d indexes created", n)
	}
	mustWrite(t, table, create("a", "x"), create("b", ""))
	if got := ids(t, table, docstore.Range{Index: "city"}); !slices.Equal(got, []string{"a"}) {
		t.Errorf("scan without the index: %v, want [a]", got)
	}
}

func TestAnUnknownIndexIsAnError(t *testing.T) {
	table := openTable(t, mongotest.Open(t))
	r := docstore.Range{Index: "age"}
	for _, err := range table.Scan(t.Context(), r) {
		if err == nil {
			t.Error("Scan yields entries")
		}
	}
	if _, err := table.Count(t.Context(), r); err == nil {
		t.Error("Count succeeds")
	}
	if err := table.Purge(t.Context(), docstore.Range{Index: "city"}); err == nil {
		t.Error("Purge by an index succeeds")
	}
}

func TestCommandsAreMeasured(t *testing.T) {
	reader := metric.NewManualReader()
	e, _, _ := openMonitored(t, "", mongostore.Options{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	mustWrite(t, openTable(t, e), create("a", "x"))

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &collected); err != nil {
		t.Fatal(err)
	}
	operations := map[string]uint64{}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			histogram, ok := m.Data.(metricdata.Histogram[float64])
			if m.Name != "db.client.operation.duration" || m.Unit != "s" || !ok {
				continue
			}
			for _, point := range histogram.DataPoints {
				operation, _ := point.Attributes.Value(attribute.Key("db.operation.name"))
				operations[operation.AsString()] += point.Count
			}
		}
	}
	if operations["insert"] != 1 || operations["createIndexes"] != 1 {
		t.Errorf("measured %v, want one insert and one createIndexes", operations)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	uri, database := mongotest.Database(t)
	others := goleak.IgnoreCurrent()
	e, err := mongostore.Open(t.Context(), uri, database, mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table := openTable(t, e)
	mustWrite(t, table, create("a", "x"))
	for _, err := range table.Scan(t.Context(), docstore.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, others)
	if _, err := table.Get(t.Context(), "a"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("after Close: %v, want Unavailable", err)
	}
}
