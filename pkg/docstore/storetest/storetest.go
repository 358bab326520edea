// Package storetest is the one suite that every storage engine passes.
package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Run runs the suite. open returns an empty engine, and sees to its being closed
// when t ends; the suite may close it before.
func Run(t *testing.T, open func(t *testing.T) docstore.Engine) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, docstore.Engine)
	}{
		{"Documents", testDocuments},
		{"UniqueIDs", testUniqueIDs},
		{"VersionConflicts", testVersionConflicts},
		{"Tombstones", testTombstones},
		{"Sweep", testSweep},
		{"Update", testUpdate},
		{"Upsert", testUpsert},
		{"Batch", testBatch},
		{"BatchExpectations", testBatchExpectations},
		{"NamedWrites", testNamedWrites},
		{"KeyOrder", testKeyOrder},
		{"Ranges", testRanges},
		{"IndexMembership", testIndexMembership},
		{"PagesUnderWrites", testPagesUnderWrites},
		{"LongScan", testLongScan},
		{"Count", testCount},
		{"Purge", testPurge},
		{"Erase", testErase},
		{"TableNames", testTableNames},
		{"LargeDocuments", testLargeDocuments},
		{"Changes", testChanges},
		{"ChangesPaging", testChangesPaging},
		{"UpdatedAt", testUpdatedAt},
		{"IncrementRace", testIncrementRace},
		{"ReplaceRace", testReplaceRace},
		{"InsertRace", testInsertRace},
		{"OverlappingBatches", testOverlappingBatches},
		{"LostAnswers", testLostAnswers},
		{"LostRequests", testLostRequests},
		{"EngineWrites", testEngineWrites},
		{"EngineRemoval", testEngineRemoval},
		{"EndedContexts", testEndedContexts},
		{"InvalidArguments", testInvalidArguments},
		{"Closed", testClosed},
		{"Model", testModel},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// item is the suite's document.
type item struct {
	docstore.Meta `bson:",inline"`

	Group string `bson:"group"`
	Rank  int64  `bson:"rank"`
	Body  []byte `bson:"body,omitempty"`
}

const (
	byRank = "by_rank" // within a group; items without one are not in it
	newest = "newest"  // by falling rank
)

var schema = docstore.Schema[item]{
	Name: "items",
	Indexes: []docstore.Index[item]{
		{Name: byRank, Key: func(i *item) string {
			if i.Group == "" {
				return ""
			}
			return docstore.Key(docstore.String(i.Group), docstore.Int(i.Rank))
		}},
		{Name: newest, Key: func(i *item) string { return docstore.Key(docstore.Desc(docstore.Int(i.Rank))) }},
	},
	Changes: true,
}

func newItem(id, group string, rank int64) *item {
	return &item{Meta: docstore.Meta{ID: id}, Group: group, Rank: rank}
}

// clock is one that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 3, 1, 8, 30, 0, 123456789, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func items(t *testing.T, e docstore.Engine, opts ...docstore.Option) *docstore.Collection[item] {
	t.Helper()
	c, err := docstore.Open(t.Context(), e, schema, opts...)
	must(t, err)
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put inserts items, failing the test on any error.
func put(t *testing.T, c *docstore.Collection[item], docs ...*item) {
	t.Helper()
	ops := make([]docstore.Op[item], len(docs))
	for i, doc := range docs {
		ops[i] = docstore.Op[item]{Doc: doc}
	}
	errs, err := c.Write(t.Context(), ops)
	must(t, err)
	for _, err := range errs {
		must(t, err)
	}
}

// scan returns the ids of a range, in its order.
func scan(t *testing.T, c *docstore.Collection[item], r docstore.Range) []string {
	t.Helper()
	ids := []string{}
	for doc, err := range c.Scan(t.Context(), r) {
		must(t, err)
		ids = append(ids, doc.ID)
	}
	return ids
}

// pages returns the ids of a range, read in pages.
func pages(ctx context.Context, c *docstore.Collection[item], r docstore.Range) ([]string, error) {
	ids := []string{}
	for {
		docs, next, err := c.Page(ctx, r)
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			ids = append(ids, doc.ID)
		}
		if next == nil {
			return ids, nil
		}
		r.After = next
	}
}

func equal[E comparable](t *testing.T, what string, got, want []E) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\n got %v\nwant %v", what, got, want)
	}
}
