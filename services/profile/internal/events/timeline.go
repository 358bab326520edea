package events

import (
	"container/heap"
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/cursor"
)

// Query says which events of a timeline are read, and in which order.
type Query struct {
	Types    []Type    // empty is all
	From, To time.Time // From is inside, To behind; zero is open
	Newest   bool      // the newest first
	Content  bool      // events come with their contents
	Limit    int       // the most events; 0 is all
	// After is the last event of the page before: its time as a key, and its id.
	After *docstore.Position
}

// Timeline yields the events of several senders as one, in the order of time.
func (s *Store) Timeline(ctx context.Context, senders []Identity, q Query) iter.Seq2[*Event, error] {
	how := reading{content: q.Content, text: func(b []byte) string { return string(b) }}
	return func(yield func(*Event, error) bool) {
		lanes := &lanes{newest: q.Newest}
		defer lanes.stop()
		for _, r := range q.ranges(senders) {
			if err := lanes.open(s.scan(ctx, r, how)); err != nil {
				yield(nil, err)
				return
			}
		}
		for n := 0; lanes.Len() > 0 && (q.Limit == 0 || n < q.Limit); n++ {
			e, err := lanes.next()
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// position is where an event stands in a timeline, whoever sent it.
func (e *Event) position() docstore.Position {
	return docstore.Position{Key: docstore.Key(docstore.Time(e.Time)), ID: documentID(e.Sender, e.ID)}
}

// ranges are those of the indexes that hold the events of a query, each in the
// order of time.
func (q Query) ranges(senders []Identity) []docstore.Range {
	var all []docstore.Range
	for _, sender := range senders {
		if len(q.Types) == 0 {
			all = append(all, q.within(timeline, sender.key()+"!"))
		}
		for _, t := range q.Types {
			all = append(all, q.within(typed, sender.key()+"!"+string(t)+"!"))
		}
	}
	return all
}

func (q Query) within(index, prefix string) docstore.Range {
	r := docstore.Prefix(prefix)
	r.Index, r.Reverse, r.Limit = index, q.Newest, q.Limit
	if !q.From.IsZero() {
		r.From = prefix + docstore.Key(docstore.Time(q.From))
	}
	if !q.To.IsZero() {
		r.To = prefix + docstore.Key(docstore.Time(q.To))
	}
	if q.After != nil {
		r.After = &docstore.Position{Key: prefix + q.After.Key, ID: q.After.ID}
	}
	return r
}

// lanes are several streams of events, that whose head is first at the top.
type lanes struct {
	newest bool
	all    []lane
}

type lane struct {
	*cursor.Cursor[*Event]
	head *Event
	at   docstore.Position
}

func (l *lanes) open(events iter.Seq2[*Event, error]) error {
	all := cursor.Over(events)
	head, ok, err := all.Head()
	if err != nil || !ok {
		all.Stop()
		return err
	}
	heap.Push(l, lane{all, head, head.position()})
	return nil
}

// next takes the first of all heads.
func (l *lanes) next() (*Event, error) {
	first := &l.all[0]
	e := first.head
	first.Advance()
	head, ok, err := first.Head()
	switch {
	case err != nil:
		return nil, err
	case ok:
		first.head, first.at = head, head.position()
		heap.Fix(l, 0)
	default:
		first.Stop()
		heap.Pop(l)
	}
	return e, nil
}

func (l *lanes) stop() {
	for _, lane := range l.all {
		lane.Stop()
	}
}

// Len, Less, Swap, Push and Pop are for package heap.
func (l *lanes) Len() int { return len(l.all) }

// Less orders by time, then by sender and message.
func (l *lanes) Less(i, j int) bool {
	a, b := l.all[i].at, l.all[j].at
	if l.newest {
		a, b = b, a
	}
	return a.Key < b.Key || a.Key == b.Key && a.ID < b.ID
}

// Swap exchanges two lanes.
func (l *lanes) Swap(i, j int) { l.all[i], l.all[j] = l.all[j], l.all[i] }

// Push adds a lane.
func (l *lanes) Push(x any) { l.all = append(l.all, x.(lane)) }

// Pop removes the last lane.
func (l *lanes) Pop() any {
	last := l.all[len(l.all)-1]
	l.all = l.all[:len(l.all)-1]
	return last
}
