package standing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// point is where in the passes something was found.
type point struct {
	generation int64
	number     int64 // of the document of moves that tells of it
	at         int64 // the instant that was evaluated, in milliseconds
}

// upTo tells whether what was found at a point was found by another.
func (p point) upTo(last point) bool { return p.generation <= last.generation && p.at <= last.at }

// stay is a customer's time in a segment.
type stay struct {
	born    int64 // of the segment: tells it from another that had its id before
	entered point
	left    point // its generation is 0 while the customer is in
}

func (s *stay) open() bool { return s.left.generation == 0 }

// in tells whether the customer is in the segment as of a generation.
func (s *stay) in(generation int64) bool {
	return s.entered.generation <= generation && (s.open() || s.left.generation > generation)
}

// person is where one customer stands.
type person struct {
	version    int64     // of the document; 0 where there is none
	updated    time.Time // of the document
	due        int64     // when to look again, in milliseconds; 0 is never
	generation int64     // of the pass that was the last to change it
	part       int64     // of that pass
	// forgetful tells that there were more stays than are kept.
	forgetful bool
	failing   []int64 // segments of which it cannot be told, by their birth
	doubts    []doubt // where the moves are that tell of failing
	stays     []stay  // in the order in which the customer entered
}

// doubt is a document of moves that tells of a customer of whom it could not be told
// whether it belongs to a segment, or could again.
type doubt struct{ born, generation, number int64 }

// maxStays is how many stays are kept of a customer; the oldest that have ended go.
const maxStays = 1000

// find is the open stay in a segment, -1 where there is none.
func (p *person) find(born int64) int {
	for i := len(p.stays) - 1; i >= 0; i-- {
		if p.stays[i].born == born && p.stays[i].open() {
			return i
		}
	}
	return -1
}

// applied tells whether the moves of a part of a pass are in it.
func (p *person) applied(generation, part int64) bool {
	return p.generation > generation || p.generation == generation && p.part >= part
}

// apply notes a move.
func (p *person) apply(kind byte, born int64, at point) {
	switch kind {
	case entered:
		if p.find(born) < 0 {
			p.stays = append(p.stays, stay{born: born, entered: at})
		}
	case left:
		if i := p.find(born); i >= 0 {
			p.stays[i].left = at
		}
	case failed:
		p.doubt(born, at)
		if !slices.Contains(p.failing, born) {
			p.failing = append(p.failing, born)
		}
	case recovered:
		p.doubt(born, at)
		p.failing = slices.DeleteFunc(p.failing, func(b int64) bool { return b == born })
	}
}

func (p *person) doubt(born int64, at point) {
	d := doubt{born, at.generation, at.number}
	if slices.Contains(p.doubts, d) {
		return
	}
	if len(p.doubts) == maxStays {
		p.doubts = slices.Delete(p.doubts, 0, 1)
		p.forgetful = true
	}
	p.doubts = append(p.doubts, d)
}

// forget drops the stays that ended before a time, and those beyond maxStays.
func (p *person) forget(before int64) {
	old := func(s stay) bool { return !s.open() && s.left.at < before }
	p.stays = slices.DeleteFunc(p.stays, old)
	for i := 0; len(p.stays) > maxStays && i < len(p.stays); {
		if p.stays[i].open() {
			i++
			continue
		}
		p.stays = slices.Delete(p.stays, i, i+1)
		p.forgetful = true
	}
}

// bury drops what is of segments that are no more: of other births than these.
func (p *person) bury(living map[int64]bool) {
	p.stays = slices.DeleteFunc(p.stays, func(s stay) bool { return !living[s.born] })
	p.failing = slices.DeleteFunc(p.failing, func(born int64) bool { return !living[born] })
	p.doubts = slices.DeleteFunc(p.doubts, func(d doubt) bool { return !living[d.born] })
}

// A standing is a person as it is stored, under the customer's escaped id.
//
//	At  when to look again, zero for never
type standingDoc struct{ packed }

const byDue = "due"

// standings keeps where each customer stands.
type standings struct {
	docs *docstore.Collection[standingDoc]
}

func openStandings(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*standings, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[standingDoc]{
		Name: "standings",
		Indexes: []docstore.Index[standingDoc]{{Name: byDue, Key: func(d *standingDoc) string {
			if d.At.IsZero() {
				return ""
			}
			return docstore.Key(docstore.Time(d.At))
		}}},
	}, docstore.WithClock(clock))
	return &standings{docs}, err
}

// doc packs a person.
func (p *person) doc(customer string) *standingDoc {
	b := append(make([]byte, 0, 24+6*len(p.stays)), layout)
	b = appendInt(appendInt(b, p.generation), p.part)
	b = append(b, 0)
	if p.forgetful {
		b[len(b)-1] = 1
	}
	b = appendInt(b, int64(len(p.failing)))
	for _, born := range p.failing {
		b = appendInt(b, born)
	}
	b = appendInt(b, int64(len(p.doubts)))
	for _, d := range p.doubts {
		b = appendInt(appendInt(appendInt(b, d.born), d.generation), d.number)
	}
	var known [8]point
	points := known[:0]
	index := func(at point) int64 {
		i := slices.Index(points, at)
		if i < 0 {
			i = len(points)
			points = append(points, at)
		}
		return int64(i)
	}
	for _, s := range p.stays {
		index(s.entered)
		if !s.open() {
			index(s.left)
		}
	}
	b = appendInt(b, int64(len(points)))
	for _, at := range points {
		b = appendInt(appendInt(appendInt(b, at.generation), at.number), at.at)
	}
	b = appendInt(b, int64(len(p.stays)))
	for _, s := range p.stays {
		b = appendInt(appendInt(b, s.born), index(s.entered))
		if s.open() {
			b = appendInt(b, 0)
		} else {
			b = appendInt(b, 1+index(s.left))
		}
	}
	return &standingDoc{packed{
		Meta: docstore.Meta{ID: customer, Version: p.version, UpdatedAt: p.updated}, At: instant(p.due), Data: b,
	}}
}

// read unpacks a standing into a person, whose slices it uses again.
func (p *person) read(d *packed) error {
	r := newReader(d.Data)
	*p = person{
		version: d.Version, updated: d.UpdatedAt, due: millis(d.At),
		generation: r.int(), part: r.int(), forgetful: r.byte() != 0,
		failing: p.failing[:0], doubts: p.doubts[:0], stays: p.stays[:0],
	}
	for range r.count() {
		p.failing = append(p.failing, r.int())
	}
	for range r.count() {
		p.doubts = append(p.doubts, doubt{r.int(), r.int(), r.int()})
	}
	var known [8]point
	points := known[:0]
	for range r.count() {
		points = append(points, point{r.int(), r.int(), r.int()})
	}
	for range r.count() {
		s := stay{born: r.int()}
		in, out := r.uint(), r.uint()
		if in >= uint64(len(points)) || out > uint64(len(points)) {
			r.damaged = true
			break
		}
		s.entered = points[in]
		if out > 0 {
			s.left = points[out-1]
		}
		p.stays = append(p.stays, s)
	}
	if !r.ok() {
		return fmt.Errorf("standing %s: %w", d.ID, errDamaged)
	}
	return nil
}

// clear makes a person of whom nothing is known.
func (p *person) clear() {
	*p = person{failing: p.failing[:0], doubts: p.doubts[:0], stays: p.stays[:0]}
}

// get reads some persons, by escaped id; of those of whom nothing is known they are empty.
func (s *standings) get(ctx context.Context, customers []string) ([]person, error) {
	persons := make([]person, len(customers))
	for from := 0; from < len(customers); from += readSize {
		to := min(from+readSize, len(customers))
		docs, err := s.docs.GetMany(ctx, customers[from:to])
		if err != nil {
			return nil, err
		}
		for i, doc := range docs {
			if doc == nil {
				continue
			}
			if err := persons[from+i].read(&doc.packed); err != nil {
				return nil, err
			}
		}
	}
	return persons, nil
}

// readSize is how many documents are read together, writeSize how many are written.
const (
	readSize  = 1000
	writeSize = 1000
)
