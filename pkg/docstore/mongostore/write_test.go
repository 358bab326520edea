package mongostore_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
)

func TestEveryWriteOfABatchHasItsOwnResult(t *testing.T) {
	table := openTable(t, mongotest.Open(t))
	mustWrite(t, table, create("fresh", ""), create("stale", ""), create("taken", ""), create("blind", ""))
	mustWrite(t, table, replace("stale", 1, "other"))
	huge := replace("huge", docstore.Any, string(make([]byte, docstore.MaxDocument)))

	writes := []docstore.Write{
		replace("stale", 1, "w"),
		create("new", ""),
		replace("never", 1, "w"),
		replace("fresh", 1, "w"),
		huge,
		create("taken", ""),
		replace("blind", docstore.Any, "w"),
		replace("gone", 7, "w"),
		replace("unborn", docstore.Any, "w"),
	}
	want := []error{docstore.ErrConflict, nil, docstore.ErrConflict, nil, docstore.ErrTooLarge, docstore.ErrConflict, nil, docstore.ErrConflict, nil}
	errs, err := table.Write(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range writes {
		if !errors.Is(errs[i], want[i]) || (errs[i] == nil) != (want[i] == nil) {
			t.Errorf("%s: %v, want %v", w.ID, errs[i], want[i])
		}
	}
	if got, want := ids(t, table, docstore.Range{}), []string{"blind", "fresh", "new", "stale", "taken", "unborn"}; !slices.Equal(got, want) {
		t.Errorf("stored are %v, want %v: a replace that found nothing must create nothing", got, want)
	}
	for id, writeID := range map[string]string{"fresh": "w", "stale": "other", "taken": "created", "blind": "w", "unborn": "w"} {
		doc, err := table.Get(t.Context(), id)
		if err != nil || doc.Lookup("write_id").StringValue() != writeID {
			t.Errorf("%s holds %v (%v), want the write %q", id, doc, err, writeID)
		}
	}
}

func TestABatchLargerThanOneCommandKeepsResultsInOrder(t *testing.T) {
	table := openTable(t, mongotest.Open(t))
	const n = 2*mongostore.ChunkDocuments + 10
	var writes, changes []docstore.Write
	for i := range n {
		writes = append(writes, create(name(i), "x"))
		expect := int64(1)
		if i%997 == 0 {
			expect = 2
		}
		changes = append(changes, replace(name(i), expect, "w2"))
	}
	mustWrite(t, table, writes...)
	errs, err := table.Write(t.Context(), changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		if conflict := errors.Is(err, docstore.ErrConflict); conflict != (i%997 == 0) {
			t.Errorf("%s: %v", name(i), err)
		}
	}
	all := make([]string, n+1)
	for i := range all {
		all[i] = name(n - i)
	}
	docs, err := table.GetMany(t.Context(), all)
	if err != nil || docs[0] != nil {
		t.Fatalf("GetMany: %v, %v", err, docs[0])
	}
	for i, doc := range docs[1:] {
		if doc.Lookup("_id").StringValue() != all[i+1] {
			t.Fatalf("GetMany answers %v for %s", doc, all[i+1])
		}
	}
}

// A purge may come between the look-up of what exists and the replace.
func TestAReplaceDoesNotBringAPurgedDocumentToLife(t *testing.T) {
	e, sent, database := openMonitored(t, "", mongostore.Options{})
	table := openTable(t, e)
	mustWrite(t, table, create("kept", ""), create("purged", ""))
	sent.onSuccess(func(e *event.CommandSucceededEvent) {
		if e.CommandName == "find" {
			if _, err := database.Collection(people.Name).DeleteOne(t.Context(), bson.D{{Key: "_id", Value: "purged"}}); err != nil {
				t.Error(err)
			}
		}
	})
	errs, err := table.Write(t.Context(), []docstore.Write{replace("kept", 1, "w"), replace("purged", 1, "w")})
	sent.onSuccess(nil)
	if err != nil || errs[0] != nil || !errors.Is(errs[1], docstore.ErrConflict) {
		t.Errorf("Write: %v, %v, want nil and a conflict", errs, err)
	}
	if got := ids(t, table, docstore.Range{}); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("stored are %v, want [kept]", got)
	}
}

// 64 writers raise the same ten counters, all ten per batch. Every step is one
// version, so the versions tell whether each success was one and only one.
func TestBatchesThatContendLoseNothing(t *testing.T) {
	table := openTable(t, mongotest.Open(t))
	const writers, rounds, counters = 64, 5, 10
	for i := range counters {
		mustWrite(t, table, create(name(i), ""))
	}
	var succeeded [counters]atomic.Int64
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for range rounds {
				var writes []docstore.Write
				for i := range counters {
					doc, err := table.Get(t.Context(), name(i))
					if err != nil {
						t.Error(err)
						return
					}
					writes = append(writes, replace(name(i), doc.Lookup("version").AsInt64(), name(w)))
				}
				errs, err := table.Write(t.Context(), writes)
				if err != nil {
					t.Error(err)
					return
				}
				for i, err := range errs {
					if err == nil {
						succeeded[i].Add(1)
					} else if !errors.Is(err, docstore.ErrConflict) {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	for i := range counters {
		doc, err := table.Get(t.Context(), name(i))
		if err != nil {
			t.Fatal(err)
		}
		if version := doc.Lookup("version").AsInt64(); version != succeeded[i].Load()+1 {
			t.Errorf("%s is at version %d after %d successes", name(i), version, succeeded[i].Load())
		}
	}
}

// Of writers that create the same document blindly, none may be refused.
func TestBlindWritesNeverConflict(t *testing.T) {
	table := openTable(t, mongotest.Open(t))
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range 20 {
				errs, err := table.Write(t.Context(), []docstore.Write{replace(name(i), docstore.Any, "w"), replace(name(i+1), docstore.Any, "w")})
				if err != nil || errs[0] != nil || errs[1] != nil {
					t.Errorf("Write: %v, %v", errs, err)
				}
			}
		})
	}
	all.Wait()
}

func TestPurgeTakesALargeRangeInSteps(t *testing.T) {
	e, sent, _ := openMonitored(t, "", mongostore.Options{})
	table := openTable(t, e)
	const n = mongostore.PurgeStep + 100
	writes := []docstore.Write{create("o", ""), create("q", "")}
	for i := range n {
		writes = append(writes, create(name(i), ""))
	}
	mustWrite(t, table, writes...)
	if err := table.Purge(t.Context(), docstore.Prefix("p")); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, table, docstore.Range{}); !slices.Equal(got, []string{"o", "q"}) {
		t.Errorf("%d documents remain, want o and q", len(got))
	}
	if steps := len(sent.named("delete")); steps != 2 {
		t.Errorf("%d commands, want 2", steps)
	}
}
