package facts

import (
	"bytes"
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
)

const sampleIndex = "sample"

// oneIn is the share of the customers that the sample index holds: every fourth,
// so that it costs a fourth of an index.
const oneIn = 4

// sampleKey orders the customers of the index by a hash of their ids, which has
// nothing to do with anything about them. The first of that order are a uniform
// sample, and the same ones as long as nobody comes or goes.
func sampleKey(r *record) string {
	hash := hashOf(r.ID)
	if hash%oneIn != 0 {
		return ""
	}
	return docstore.Key(docstore.Int(int64(hash >> 1)))
}

// hashOf is FNV-1a with the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast
// Splittable Pseudorandom Number Generators", 2014), for FNV alone leaves the
// high bits of short ids alike.
func hashOf(id string) uint64 {
	hash := uint64(0xcbf29ce484222325)
	for i := range len(id) {
		hash = (hash ^ uint64(id[i])) * 0x100000001b3
	}
	hash = (hash ^ hash>>30) * 0xbf58476d1ce4e5b9
	hash = (hash ^ hash>>27) * 0x94d049bb133111eb
	return hash ^ hash>>31
}

// Sample returns the facts of up to n customers, a uniform sample without
// replacement of all, and of how many. A population of less than about 4.5 n
// is returned whole, and exact says so. It reads the parts that are needed, as Scan does.
func (s *Store) Sample(ctx context.Context, n int, need Part) (sample []*Facts, population int64, exact bool, err error) {
	if population, err = s.Count(ctx); err != nil {
		return nil, 0, false, err
	}
	r := docstore.Range{Index: sampleIndex, Limit: n}
	// Of m customers the index holds m/4, give or take √m/2: with 4.5 n there are
	// n in it, but for n of a dozen or less.
	if exact = population < int64(n)*(oneIn*2+1)/2; exact {
		r = docstore.Range{}
	}
	sample = make([]*Facts, 0, min(int(population), n*(oneIn+1)))
	var closed sealed
	like := newDecoder(need)
	for entry, err := range s.docs.ScanRaw(ctx, r) {
		if err != nil {
			return nil, 0, false, err
		}
		d := like.another()
		box, err := d.read(entry.ID, entry.Doc)
		if err != nil {
			return nil, 0, false, err
		}
		closed.add(d, bytes.Clone(box))
		sample = append(sample, &d.facts)
	}
	if err := s.unseal(ctx, closed); err != nil {
		return nil, 0, false, err
	}
	if exact {
		population = int64(len(sample)) // as read
	}
	return sample, population, exact, nil
}
