package standing

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// What a move tells. The numbers are stored.
const (
	entered   byte = iota
	left           //
	failed         // it could not be told, where it could before
	recovered      // it can be told again
)

// move is what a part of a pass has found of a customer in a segment.
type move struct {
	customer string // escaped id
	kind     byte
	cause    facts.Cause
	values
}

// values are the deciding ones, recorded: those that are kept in the open, and sealed
// those that describe the person.
type values struct{ open, sealed []byte }

// movesLayout begins a document of moves. The layout before it had no values sealed.
const movesLayout = 2

// sealPlace is where in the documents of moves the values of a customer are sealed.
func sealPlace(id string) string { return "moves!" + id }

// A document of moves holds those of one segment in one part of a pass, in the order
// of the customers' escaped ids. Its number is the part's times 64, and more where
// one document would be too large.
//
//	At    the instant for which the customers were evaluated
//	Mark  the generation with which they were published, 0 for not yet
type movesDoc struct{ packed }

const (
	byFeed     = "feed"  // those published, in the order of publication
	docsOfPart = 64      // documents of one segment in one part, at most
	maxMoves   = 4 << 20 // bytes in a document, about
)

// moves keeps who entered and left.
type moves struct {
	docs *docstore.Collection[movesDoc]
}

func openMoves(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*moves, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[movesDoc]{
		Name: "moves",
		Indexes: []docstore.Index[movesDoc]{{Name: byFeed, Key: func(d *movesDoc) string {
			if d.Mark == 0 {
				return ""
			}
			return feedKey(d.Mark) + "!" + d.ID
		}}},
	}, docstore.WithClock(clock))
	return &moves{docs}, err
}

func feedKey(generation int64) string { return docstore.Key(docstore.Int(generation)) }

func digits(n int64) string { return fmt.Sprintf("%016d", n) }

// movesID is the id of a document. Ids of segments need no escapes.
func movesID(segment string, generation, number int64) string {
	return segment + "!" + digits(generation) + "!" + digits(number)
}

// place is where a document of moves belongs.
type place struct {
	segment    string
	generation int64
	number     int64
}

func (p place) part() int64 { return p.number / docsOfPart }

func parseMovesID(id string) (place, error) {
	parts := strings.Split(id, "!")
	if len(parts) != 3 {
		return place{}, fmt.Errorf("moves: stored id %q is none", id)
	}
	generation, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return place{}, err
	}
	number, err := strconv.ParseInt(parts[2], 10, 64)
	return place{parts[0], generation, number}, err
}

// sheet is a document of moves that is being written.
type sheet struct {
	number int64
	place  string // as sealPlace has it
	causes []facts.Cause
	count  int
	last   string
	body   []byte
}

func (s *sheet) add(customer string, kind byte, cause facts.Cause, v values) {
	at := slices.Index(s.causes, cause)
	if at < 0 {
		at = len(s.causes)
		s.causes = append(s.causes, cause)
	}
	s.body = append(appendNext(s.body, s.last, customer), kind)
	s.body = appendBytes(appendBytes(appendInt(s.body, int64(at)), v.open), v.sealed)
	s.last = customer
	s.count++
}

func (s *sheet) data(revision int64) []byte {
	b := appendInt(append(make([]byte, 0, len(s.body)+64), movesLayout), revision)
	b = appendInt(b, int64(len(s.causes)))
	for _, c := range s.causes {
		b = appendBytes(appendBytes(b, c.Kind), c.Detail)
	}
	return append(appendInt(b, int64(s.count)), s.body...)
}

// moves unpacks a document. The recorded values are part of it. Those of the layout in
// which none were sealed are left out.
func (d *movesDoc) moves() (found []move, revision int64, err error) {
	r := &reader{b: d.Data}
	as := r.uint()
	r.damaged = as != layout && as != movesLayout
	revision = r.int()
	causes := make([]facts.Cause, r.count())
	for i := range causes {
		causes[i] = facts.Cause{Kind: string(r.bytes()), Detail: string(r.bytes())}
	}
	found = make([]move, r.count())
	last := ""
	for i := range found {
		m := &found[i]
		m.customer = r.next(last)
		last = m.customer
		m.kind = r.byte()
		if at := r.uint(); at < uint64(len(causes)) {
			m.cause = causes[at]
		} else {
			r.damaged = true
		}
		if m.open = r.bytes(); as == layout {
			m.open = nil
			continue
		}
		m.sealed = r.bytes()
	}
	if !r.ok() {
		return nil, 0, fmt.Errorf("moves %s: %w", d.ID, errDamaged)
	}
	return found, revision, nil
}

// without packs the moves of a document but for those of some customers.
func (d *movesDoc) without(customers []string) (removed int, err error) {
	all, revision, err := d.moves()
	if err != nil {
		return 0, err
	}
	var s sheet
	for _, m := range all {
		if slices.Contains(customers, m.customer) {
			if m.kind == entered || m.kind == left {
				removed++
			}
			continue
		}
		s.add(m.customer, m.kind, m.cause, m.values)
	}
	if s.count == len(all) {
		return 0, docstore.ErrUnchanged
	}
	d.Data = s.data(revision)
	return removed, nil
}
