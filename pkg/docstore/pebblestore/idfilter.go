package pebblestore

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// idFilter tells of most ids that were never written to a table that they were
// not, without looking. It begins with an empty table and is told of every id
// before that is written, so it errs on one side alone: whatever it does not
// know is not stored. That spares a first import the look-up of every document
// in every file of the store, which would cost more than writing it.
//
// It is a chain of blocked Bloom filters, each four times as large as the one
// before. Ids that outgrow the largest end its use: it lets them all pass.
type idFilter struct {
	seed   maphash.Seed
	layers atomic.Pointer[[]*filterLayer] // nil before begin and once given up; the last one grows
	begun  atomic.Bool

	mu   sync.Mutex // guards room, beginning, and adding a layer
	room int        // ids that the last layer still takes
}

const (
	minFilterBytes = 2 << 10
	maxFilterBytes = 8 << 20 // the largest layer, with which 7 million ids have room
	bitsPerID      = 12
	probes         = 6  // within a block: of a full layer 1 % are taken for known wrongly
	blockWords     = 8  // 64 bytes, a line of the processor's cache
	probeBits      = 9  // pick one of a block's 512 bits
	blockHashShift = 32 // the hash's upper half picks the block
)

type filterLayer struct{ words []atomic.Uint64 }

func newIDFilter() *idFilter { return &idFilter{seed: maphash.MakeSeed()} }

// begin is called before anything is written to the table, each time: the first
// time it asks whether the table is empty, which the filter is of no use without.
func (f *idFilter) begin(empty func() (bool, error)) error {
	if f.begun.Load() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.begun.Load() {
		return nil
	}
	ok, err := empty()
	if err != nil {
		return err
	}
	if ok {
		f.grow(nil)
	}
	f.begun.Store(true)
	return nil
}

// grow adds a layer behind those there are, or gives up. f.mu is held.
func (f *idFilter) grow(layers []*filterLayer) {
	size := minFilterBytes
	if n := len(layers); n > 0 {
		size = 4 * 8 * len(layers[n-1].words)
	}
	if size > maxFilterBytes {
		f.layers.Store(nil)
		return
	}
	grown := append(layers[:len(layers):len(layers)], &filterLayer{words: make([]atomic.Uint64, size/8)})
	f.room = size * 8 / bitsPerID
	f.layers.Store(&grown)
}

// absent reports that id was never added for certain.
func (f *idFilter) absent(id string) bool {
	layers := f.layers.Load()
	if layers == nil {
		return false
	}
	return !knows(*layers, maphash.String(f.seed, id))
}

func knows(layers []*filterLayer, hash uint64) bool {
	for _, layer := range layers {
		if layer.has(hash) {
			return true
		}
	}
	return false
}

// add notes an id that is about to be written. One that is known takes no room.
func (f *idFilter) add(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	layers := f.layers.Load()
	if layers == nil {
		return
	}
	hash := maphash.String(f.seed, id)
	if knows(*layers, hash) {
		return
	}
	if f.room == 0 {
		if f.grow(*layers); f.layers.Load() == nil {
			return
		}
		layers = f.layers.Load()
	}
	f.room--
	(*layers)[len(*layers)-1].add(hash)
}

func (l *filterLayer) has(hash uint64) bool {
	block := l.block(hash)
	for n := range probes {
		word, bit := probe(hash, n)
		if block[word].Load()&bit == 0 {
			return false
		}
	}
	return true
}

func (l *filterLayer) add(hash uint64) {
	block := l.block(hash)
	for n := range probes {
		word, bit := probe(hash, n)
		block[word].Or(bit)
	}
}

func (l *filterLayer) block(hash uint64) []atomic.Uint64 {
	at := (hash >> blockHashShift) % uint64(len(l.words)/blockWords) * blockWords
	return l.words[at : at+blockWords]
}

// probe is the place of the nth bit of a hash in its block.
func probe(hash uint64, n int) (word int, bit uint64) {
	// 6 times 9 bits do not fit the lower half: it is spread over a word anew.
	at := hash * 0x9E3779B97F4A7C15 >> (64 - probeBits*(n+1)) & (1<<probeBits - 1)
	return int(at / 64), 1 << (at % 64)
}
