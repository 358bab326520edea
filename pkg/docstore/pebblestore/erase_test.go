package pebblestore_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

// secretOf is what a document holds: bytes that no compression changes.
func secretOf(id string, version int64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", id, version))
	return sum[:]
}

func secretWrite(id string, version int64) docstore.Write {
	raw, err := bson.Marshal(bson.D{
		{Key: "_id", Value: id}, {Key: "version", Value: version}, {Key: "write_id", Value: "w"},
		{Key: "secret", Value: secretOf(id, version)},
	})
	if err != nil {
		panic(err) // it is made of strings, integers and bytes
	}
	return docstore.Write{ID: id, Expect: docstore.Any, Doc: raw}
}

// holders are the files below dir that hold a secret.
func holders(t *testing.T, dir string, secret []byte) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, secret) {
			names = append(names, entry.Name())
		}
	}
	return names
}

// What is erased is in no file, wherever its versions were: in the log alone, in
// tables of several levels, or in both, and after a restart.
func TestEraseLeavesNoTrace(t *testing.T) {
	const documents = 3000
	dir := t.TempDir()
	options := pebblestore.Options{MemTableBytes: 64 << 10} // flushes and merges many times over
	e := open(t, dir, options)
	table := openTable(t, e)
	id := func(i int) string { return fmt.Sprintf("doc-%05d", i) }
	for version := int64(1); version <= 3; version++ {
		for i := range documents {
			if i%100 == 0 {
				var batch []docstore.Write
				for n := i; n < i+100; n++ {
					batch = append(batch, secretWrite(id(n), version))
				}
				write(t, table, batch...)
			}
		}
	}
	write(t, table, secretWrite("late", 1)) // in the log only
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir, options)
	table = openTable(t, e)
	write(t, table, secretWrite("later", 1), secretWrite(id(7), 4))

	few := []string{id(7), id(1500), "late", "later"}
	for _, name := range few[2:] {
		if holders(t, dir, secretOf(name, 1)) == nil {
			t.Fatalf("the secret of %s is in no file: the test sees nothing", name)
		}
	}
	wantErased(t, table, dir, few)
	var many []string
	for i := 100; i < 200; i++ {
		many = append(many, id(i))
	}
	wantErased(t, table, dir, many)
	if holders(t, dir, secretOf(id(8), 3)) == nil {
		t.Error("a secret that was to stay is in no file")
	}
	if n, err := table.Count(t.Context(), docstore.Range{}); err != nil || n != documents-2-100 {
		t.Errorf("%d documents are left, %v", n, err)
	}
}

func wantErased(t *testing.T, table docstore.Table, dir string, ids []string) {
	t.Helper()
	if err := table.Erase(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		for version := int64(1); version <= 4; version++ {
			if names := holders(t, dir, secretOf(id, version)); names != nil {
				t.Errorf("version %d of %s is still in %v", version, id, names)
			}
		}
	}
}

// BenchmarkErase removes one of 100,000 documents at a time.
func BenchmarkErase(b *testing.B) {
	const documents = 100_000
	e, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	table, err := e.Table(b.Context(), docstore.Layout{Name: "secrets"})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < documents; i += 1000 {
		var batch []docstore.Write
		for n := i; n < i+1000; n++ {
			batch = append(batch, secretWrite(fmt.Sprintf("doc-%05d", n), 1))
		}
		if _, err := table.Write(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	for b.Loop() {
		if err := table.Erase(b.Context(), []string{fmt.Sprintf("doc-%05d", i*7919%documents)}); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// What was replaced, removed or purged before a scrub is in no file after it,
// however many scrub at a time.
func TestScrub(t *testing.T) {
	const documents = 2000
	dir := t.TempDir()
	e := open(t, dir, pebblestore.Options{MemTableBytes: 64 << 10})
	table := openTable(t, e)
	id := func(i int) string { return fmt.Sprintf("doc-%05d", i) }
	for version := int64(1); version <= 2; version++ {
		for i := range documents {
			write(t, table, secretWrite(id(i), version))
		}
	}
	write(t, table, docstore.Write{ID: id(5), Expect: docstore.Any})
	if err := table.Purge(t.Context(), docstore.Range{From: id(100), To: id(300)}); err != nil {
		t.Fatal(err)
	}
	if holders(t, dir, secretOf(id(5), 2)) == nil || holders(t, dir, secretOf(id(200), 2)) == nil {
		t.Fatal("the secrets are in no file: the test sees nothing")
	}
	group, ctx := errgroup.WithContext(t.Context())
	for range 8 {
		group.Go(func() error { return e.Scrub(ctx) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	held := 0
	for i := range documents {
		if names := holders(t, dir, secretOf(id(i), 1)); names != nil {
			t.Fatalf("what was replaced of %s is still in %v", id(i), names)
		}
		gone := i == 5 || i >= 100 && i < 300
		switch names := holders(t, dir, secretOf(id(i), 2)); {
		case gone && names != nil:
			t.Fatalf("%s is still in %v", id(i), names)
		case names != nil:
			held++
		}
	}
	if held < documents/2 { // compression takes some apart
		t.Errorf("of what was to stay only %d secrets are in a file", held)
	}
}
