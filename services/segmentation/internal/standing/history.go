package standing

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Move is a customer's entering or leaving a segment.
type Move struct {
	Segment    string
	Customer   string
	Left       bool // entered otherwise
	At         time.Time
	Cause      facts.Cause
	Generation int64
	Revision   int64 // of the definition that was asked
	// Recorded are the deciding values, of the facts that this revision reads, and Own
	// those of them that describe the person. Own is there once the move is unsealed;
	// Lost tells that the customer's key has been destroyed: they are not known any more.
	Recorded, Own []byte
	Lost          bool
	sealed        []byte
	place         place
}

func (d *movesDoc) told(at place) ([]Move, error) {
	found, revision, err := d.moves()
	if err != nil {
		return nil, err
	}
	told := make([]Move, 0, len(found))
	for _, m := range found {
		if m.kind != entered && m.kind != left {
			continue
		}
		told = append(told, Move{
			Segment: at.segment, Customer: docstore.ParseID(m.customer)[0], Left: m.kind == left, At: d.At,
			Cause: m.cause, Generation: at.generation, Revision: revision, Recorded: m.open, sealed: m.sealed, place: at,
		})
	}
	return told, nil
}

// MovesPage is a page of moves, newest first.
type MovesPage struct {
	Moves []Move
	// Next is where the next page begins, nil at the end.
	Next *docstore.Position
}

// Moves lists who entered and left a segment, as far as it shows it: the newest first.
// Within a generation the last customer comes first. Faults: SEGMENT_NOT_FOUND.
func (s *Standings) Moves(ctx context.Context, segment string, after *docstore.Position, size int) (MovesPage, error) {
	found, err := s.segments.Get(ctx, segment)
	if err != nil || found.Formed.Generation == 0 {
		return MovesPage{}, err
	}
	r := docstore.Range{
		From: movesID(segment, found.Born, 0), To: movesID(segment, found.Formed.Generation+1, 0), Reverse: true,
	}
	before := ""
	if after != nil {
		// The place of a move is its document, and in it the customer.
		r.To, before = after.Key+"!", after.ID
		if _, err := parseMovesID(after.Key); err != nil {
			return MovesPage{}, fault.Invalid("page_token", "is none of this list")
		}
	}
	var page MovesPage
	for e, err := range s.moves.docs.ScanRaw(ctx, r) {
		if err != nil {
			return MovesPage{}, err
		}
		told, _, err := readMoves(e)
		if err != nil {
			return MovesPage{}, err
		}
		for _, m := range slices.Backward(told) {
			if after != nil && e.ID == after.Key && docstore.ID(m.Customer) >= before {
				continue
			}
			if len(page.Moves) == size {
				last := page.Moves[size-1]
				page.Next = &docstore.Position{
					Key: movesID(segment, last.place.generation, last.place.number), ID: docstore.ID(last.Customer),
				}
				return page, nil
			}
			page.Moves = append(page.Moves, m)
		}
	}
	return page, nil
}

// readMoves reads a document of moves, and with which generation they were published.
func readMoves(e docstore.Entry) (told []Move, published int64, err error) {
	at, err := parseMovesID(e.ID)
	if err != nil {
		return nil, 0, err
	}
	var d movesDoc
	if err := d.UnmarshalBSON(e.Doc); err != nil {
		return nil, 0, err
	}
	told, err = d.told(at)
	return told, d.Mark, err
}

// Flows counts who entered and left a segment behind one generation and up to another:
// the moves that are kept, each by itself. Faults: SEGMENT_NOT_FOUND.
func (s *Standings) Flows(ctx context.Context, segment string, after, upTo int64) (entries, exits int64, err error) {
	found, err := s.segments.Get(ctx, segment)
	if err != nil {
		return 0, 0, err
	}
	r := docstore.Range{From: movesID(segment, max(after, found.Born)+1, 0), To: movesID(segment, upTo+1, 0)}
	for e, err := range s.moves.docs.ScanRaw(ctx, r) {
		if err != nil {
			return 0, 0, err
		}
		var d movesDoc
		if err := d.read(e.Doc); err != nil {
			return 0, 0, err
		}
		all, _, err := d.moves()
		if err != nil {
			return 0, 0, err
		}
		for _, m := range all {
			switch m.kind {
			case entered:
				entries++
			case left:
				exits++
			}
		}
	}
	return entries, exits, nil
}

// feedCursor is a place in the feed.
type feedCursor struct {
	Key       string `json:"k"`           // of the index
	Published int64  `json:"g"`           // the generation up to which all has been read
	Customer  string `json:"c,omitempty"` // the last customer read of the document, by escaped id
}

func (c feedCursor) encode() string {
	text, err := json.Marshal(c)
	if err != nil {
		return "" // it is made of strings and a number
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodeCursor(cursor string) (c feedCursor, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || c.Published < 0 {
		return c, fault.Invalid("cursor", "is none that was given out")
	}
	return c, nil
}

// Batch is a part of the feed.
type Batch struct {
	Moves  []Move
	Cursor string // to go on from
	More   bool   // there is more at once
}

// Head is a cursor behind everything that is published.
func (s *Standings) Head(ctx context.Context) (string, error) {
	w, err := s.states.get(ctx)
	if err != nil {
		return "", err
	}
	return feedCursor{Key: feedKey(w.Generation + 1), Published: w.Generation}.encode(), nil
}

// Feed tells the moves of all segments in the order in which they were published, from
// behind a cursor (empty: from the oldest that is kept), about limit of them. It reads
// up to the last pass that is over. CURSOR_EXPIRED, FailedPrecondition, where moves
// behind the cursor are not kept any more.
func (s *Standings) Feed(ctx context.Context, cursor string, limit int) (Batch, error) {
	var from feedCursor
	if cursor != "" {
		var err error
		if from, err = decodeCursor(cursor); err != nil {
			return Batch{}, err
		}
	}
	w, err := s.states.get(ctx)
	if err != nil {
		return Batch{}, err
	}
	if cursor != "" && from.Published < w.Purged {
		return Batch{}, fault.New(fault.FailedPrecondition, "CURSOR_EXPIRED", "cursor: is older than the moves that are kept; begin without one")
	}
	next := from
	r := docstore.Range{Index: byFeed, From: from.Key, To: feedKey(w.Generation + 1)}
	var batch Batch
	for e, err := range s.moves.docs.ScanRaw(ctx, r) {
		if err != nil {
			return Batch{}, err
		}
		told, published, err := readMoves(e)
		if err != nil {
			return Batch{}, err
		}
		for _, m := range told {
			customer := docstore.ID(m.Customer)
			if e.Key == from.Key && customer <= from.Customer {
				continue
			}
			if len(batch.Moves) == limit {
				batch.More, batch.Cursor = true, next.encode()
				return batch, nil
			}
			batch.Moves = append(batch.Moves, m)
			next = feedCursor{Key: e.Key, Published: published - 1, Customer: customer}
		}
	}
	// All that is published so far has been read: the cursor names nobody.
	batch.Cursor = feedCursor{Key: feedKey(w.Generation + 1), Published: w.Generation}.encode()
	return batch, nil
}

// MovesOf are all moves that are kept of a customer, the oldest first, of segments
// that exist.
func (s *Standings) MovesOf(ctx context.Context, customer string) ([]Move, error) {
	stands, err := s.Of(ctx, customer)
	if err != nil {
		return nil, err
	}
	var all []Move
	for _, stay := range stands.Stays {
		for i, at := range []point{stay.in, stay.out} {
			if at.generation == 0 {
				continue
			}
			m, err := s.move(ctx, stay.Segment, customer, at, i == 1)
			if err != nil {
				return nil, err
			}
			if m != nil {
				all = append(all, *m)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Move) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.Segment, b.Segment))
	})
	return all, nil
}
