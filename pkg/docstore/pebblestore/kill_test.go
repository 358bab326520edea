package pebblestore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// childDir names the variable that makes the test binary a writer in a directory.
const childDir = "KEHU_TEST_STORE_CHILD"

// writeUntilKilled raises documents from where they are, eight at a time, and
// prints each version that was acknowledged.
func writeUntilKilled(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	e, err := pebblestore.Open(dir, pebblestore.Options{MemTableBytes: 64 << 10})
	fail(err)
	table, err := e.Table(context.Background(), layout)
	fail(err)
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := 0; ; i = (i + 1) % 20 {
				r := revision{id: fmt.Sprintf("w%d-%02d", w, i)}
				stored, err := table.GetMany(context.Background(), []string{r.id})
				fail(err)
				if stored[0] != nil {
					r.version = stored[0].Lookup("version").AsInt64()
				}
				r.version++
				fail(tryWrite(table, r.write()))
				fmt.Printf("%s %d\n", r.id, r.version) // one write call: lines stay whole
			}
		})
	}
	group.Wait()
}

// A process is killed while it writes, several times over on one directory:
// every version it had acknowledged is there.
func TestKilledProcess(t *testing.T) {
	dir := t.TempDir()
	spans := map[string]span{}
	for round := range 5 {
		killWriter(t, dir, 200+round*150, spans)
		e := open(t, dir, pebblestore.Options{})
		check(t, e, spans)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killWriter starts a writer, kills it after lines acknowledgements, and notes all
// that it made.
func killWriter(t *testing.T, dir string, lines int, spans map[string]span) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	n := 0
	for scanner.Scan() {
		var r revision
		if _, err := fmt.Sscanf(scanner.Text(), "%s %d", &r.id, &r.version); err != nil {
			t.Fatalf("%q: %v", scanner.Text(), err)
		}
		spans[r.id] = span{r.version, r.version + 1}
		if n++; n == lines {
			if _, err := pebblestore.Open(dir, pebblestore.Options{}); fault.ReasonOf(err) != "STORE_IN_USE" {
				t.Errorf("open while another process has it: %v", err)
			}
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // "signal: killed"
	if n < lines {
		t.Fatalf("the writer ended by itself after %d lines", n)
	}
	for w := range 8 { // what was under way for the first time
		for i := range 20 {
			id := fmt.Sprintf("w%d-%02d", w, i)
			if _, ok := spans[id]; !ok {
				spans[id] = span{0, 1}
			}
		}
	}
}
