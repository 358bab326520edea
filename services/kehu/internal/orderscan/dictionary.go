package orderscan

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// dictionary numbers words in the order in which they come. The bytes of all words
// lie in one slice, as a string each would be an allocation and a pointer each.
type dictionary struct {
	seed  maphash.Seed
	text  []byte
	ends  []uint64 // where each word ends in text
	slots []slot   // a power of two, at most half of them taken
}

type slot struct {
	hash uint32
	code uint32 // +1; 0 is free
}

func newDictionary(seed maphash.Seed) *dictionary {
	return &dictionary{seed: seed, slots: make([]slot, 1<<12)}
}

func (d *dictionary) word(code uint32) []byte {
	start := uint64(0)
	if code > 0 {
		start = d.ends[code-1]
	}
	return d.text[start:d.ends[code]]
}

func (d *dictionary) code(word []byte) uint32 {
	full := maphash.Bytes(d.seed, word)
	hash := uint32(full >> 32)
	mask := uint64(len(d.slots) - 1)
	for at := full & mask; ; at = (at + 1) & mask {
		s := d.slots[at]
		if s.code == 0 {
			return d.add(word, hash, at)
		}
		if s.hash == hash && bytes.Equal(d.word(s.code-1), word) {
			return s.code - 1
		}
	}
}

func (d *dictionary) add(word []byte, hash uint32, at uint64) uint32 {
	d.text = append(d.text, word...)
	d.ends = append(d.ends, uint64(len(d.text)))
	code := uint32(len(d.ends))
	d.slots[at] = slot{hash, code}
	if len(d.ends)*2 > len(d.slots) {
		d.grow()
	}
	return code - 1
}

func (d *dictionary) grow() {
	d.slots = make([]slot, 2*len(d.slots))
	mask := uint64(len(d.slots) - 1)
	for code := range d.ends {
		full := maphash.Bytes(d.seed, d.word(uint32(code)))
		at := full & mask
		for d.slots[at].code != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = slot{uint32(full >> 32), uint32(code) + 1}
	}
}

// sorted is the codes in the order of their words, by bytes.
func (d *dictionary) sorted() []uint32 {
	type entry struct {
		begin uint64 // the first eight bytes behind what all words begin with
		code  uint32
	}
	skip := d.commonBeginning()
	entries := make([]entry, len(d.ends))
	for code := range entries {
		var eight [8]byte
		copy(eight[:], d.word(uint32(code))[skip:])
		entries[code] = entry{binary.BigEndian.Uint64(eight[:]), uint32(code)}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return cmp.Compare(a.begin, b.begin)
		}
		return bytes.Compare(d.word(a.code), d.word(b.code))
	})
	codes := make([]uint32, len(entries))
	for i, e := range entries {
		codes[i] = e.code
	}
	return codes
}

// commonBeginning is how many bytes all words have in common.
func (d *dictionary) commonBeginning() int {
	if len(d.ends) == 0 {
		return 0
	}
	first := d.word(0)
	n := len(first)
	for code := range d.ends {
		word := d.word(uint32(code))
		n = min(n, len(word))
		for i := range n {
			if word[i] != first[i] {
				n = i
				break
			}
		}
	}
	return n
}
