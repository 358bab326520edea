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

	touched uint32 // means nothing; that it is kept keeps the looks
}

// slot holds a short word itself: with millions of words each look at another place
// is a miss of the caches, and takes longer than all else that is done for a row.
type slot struct {
	low, high uint64 // the word with zeros behind it, or the hash of a long one
	length    uint32
	code      uint32 // +1; 0 is free
}

// inSlot is how long a short word is.
const inSlot = 16

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

// slotOf is what the slot of a word holds, and where to look for it first.
func (d *dictionary) slotOf(word []byte) (s slot, first uint64) {
	hash := maphash.Bytes(d.seed, word)
	s = slot{low: hash, length: uint32(len(word))}
	if len(word) <= inSlot {
		var padded [inSlot]byte
		copy(padded[:], word)
		s.low, s.high = binary.LittleEndian.Uint64(padded[:8]), binary.LittleEndian.Uint64(padded[8:])
	}
	return s, hash
}

// asked is a word whose code is to be found.
type asked struct {
	word []byte
	slot
	first uint64
}

func (d *dictionary) ask(word []byte) asked {
	s, first := d.slotOf(word)
	return asked{word, s, first}
}

// codes appends the codes of several words. It looks at all their slots before it
// needs the first, so that the processor waits for them at the same time.
func (d *dictionary) codes(words []asked, to []uint32) []uint32 {
	mask := uint64(len(d.slots) - 1)
	for i := range words {
		d.touched ^= d.slots[words[i].first&mask].code
	}
	for i := range words {
		to = append(to, d.code(&words[i]))
	}
	return to
}

func (d *dictionary) code(a *asked) uint32 {
	word, s, at := a.word, a.slot, a.first
	mask := uint64(len(d.slots) - 1)
	for at &= mask; ; at = (at + 1) & mask {
		there := &d.slots[at]
		if there.code == 0 {
			return d.add(word, s, at)
		}
		if there.low == s.low && there.high == s.high && there.length == s.length &&
			(len(word) <= inSlot || bytes.Equal(d.word(there.code-1), word)) {
			return there.code - 1
		}
	}
}

func (d *dictionary) add(word []byte, s slot, at uint64) uint32 {
	d.text = append(d.text, word...)
	d.ends = append(d.ends, uint64(len(d.text)))
	s.code = uint32(len(d.ends))
	d.slots[at] = s
	if len(d.ends)*2 > len(d.slots) {
		d.grow()
	}
	return s.code - 1
}

// grow makes room. In the order of the old slots the new ones are filled in two
// runs side by side, which caches are made for.
func (d *dictionary) grow() {
	old := d.slots
	d.slots = make([]slot, 2*len(old))
	mask := uint64(len(d.slots) - 1)
	for i := range old {
		if old[i].code == 0 {
			continue
		}
		at := d.first(&old[i]) & mask
		for ; d.slots[at].code != 0; at = (at + 1) & mask {
		}
		d.slots[at] = old[i]
	}
}

// first is where the word of a slot is looked for first.
func (d *dictionary) first(s *slot) uint64 {
	if s.length > inSlot {
		return s.low
	}
	var padded [inSlot]byte
	binary.LittleEndian.PutUint64(padded[:8], s.low)
	binary.LittleEndian.PutUint64(padded[8:], s.high)
	return maphash.Bytes(d.seed, padded[:s.length])
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
