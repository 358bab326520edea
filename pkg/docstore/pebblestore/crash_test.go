package pebblestore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

// journal is what writers have attempted and got acknowledged.
type journal struct {
	mu    sync.Mutex
	spans map[string]span
	acks  chan struct{}
}

func (j *journal) attempt(revisions []revision) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range revisions {
		j.spans[r.id] = span{j.spans[r.id].acknowledged, r.version}
	}
}

func (j *journal) acknowledge(revisions []revision) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range revisions {
		j.spans[r.id] = span{r.version, j.spans[r.id].attempted}
	}
}

func (j *journal) snapshot() map[string]span {
	j.mu.Lock()
	defer j.mu.Unlock()
	spans := make(map[string]span, len(j.spans))
	for id, s := range j.spans {
		spans[id] = s
	}
	return spans
}

// The power fails at random moments under four writers, with any part of what
// was not synced surviving: what was acknowledged is there, what was not is whole
// or absent, and documents and index agree.
func TestPowerFailure(t *testing.T) {
	const crashes, writers = 40, 4
	fs := vfs.NewCrashableMem()
	e := open(t, "store", pebblestore.Options{FS: fs, MemTableBytes: 64 << 10})
	j := &journal{spans: map[string]span{}, acks: make(chan struct{})}
	stop := make(chan struct{})
	var group sync.WaitGroup
	for w := range writers {
		table := openTable(t, e)
		group.Go(func() {
			if err := keepWriting(table, j, w, stop); err != nil {
				t.Error(err)
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range crashes {
		for range 1 + rng.IntN(40) {
			<-j.acks
		}
		before := j.snapshot()
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		after := j.snapshot()
		for id, s := range after { // attempted before the crash or never mind
			after[id] = span{before[id].acknowledged, s.attempted}
		}
		recovered := open(t, "store", pebblestore.Options{FS: crashed})
		check(t, recovered, after)
		if err := recovered.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	group.Wait()
}

// keepWriting raises random documents of its own, a few at a time.
func keepWriting(table docstore.Table, j *journal, writer int, stop <-chan struct{}) error {
	rng := rand.New(rand.NewPCG(uint64(writer), 3))
	versions := make([]int64, 50)
	for {
		var batch []revision
		var writes []docstore.Write
		for range 1 + rng.IntN(10) {
			i := rng.IntN(len(versions))
			id := fmt.Sprintf("w%d-%02d", writer, i)
			if slices.ContainsFunc(batch, func(r revision) bool { return r.id == id }) {
				continue
			}
			versions[i]++
			r := revision{id, versions[i]}
			batch, writes = append(batch, r), append(writes, r.write())
		}
		j.attempt(batch)
		if err := tryWrite(table, writes...); err != nil {
			return err
		}
		j.acknowledge(batch)
		select {
		case <-stop:
			return nil
		case j.acks <- struct{}{}:
		}
	}
}
