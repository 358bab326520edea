// Package paths finds which ways customers take: the most frequent sequences of
// events within a session, from an event or to it. Pure computation on what each
// customer did, in the order of time.
package paths

import (
	"encoding/binary"
)

// Direction says at which end of a path its anchor is.
type Direction uint8

// The directions.
const (
	From Direction = iota + 1 // the path begins with the anchor
	To                        // the path ends with it
)

// Definition says which paths are counted.
type Definition struct {
	Direction Direction
	// Anchored paths begin (end) with the first (last) anchor of a session; a
	// session without one has no path. Others begin (end) where the session does.
	Anchored bool
	Depth    int   // most events of a path
	GapMS    int64 // a session ends where nothing happens for longer than this
	// KeepRepeats counts an event that repeats the one before it as a step of its own.
	KeepRepeats bool
	Counters    int
}

// Visit is one event.
type Visit struct {
	TimeMS int64
	Label  string
	Anchor bool
}

// Tally counts paths. It is for one goroutine.
type Tally struct {
	def  Definition
	Top  *Frequent
	key  []byte
	path []string
	// Sessions are all sessions, those without a path too. The paths are Top.Seen.
	Sessions int64
}

// NewTally makes a tally without paths.
func NewTally(def Definition) *Tally {
	return &Tally{def: def, Top: NewFrequent(def.Counters)}
}

// Add counts the paths of one customer, whose visits are in the order of time.
func (t *Tally) Add(visits []Visit) {
	for begin := 0; begin < len(visits); {
		end := begin + 1
		for end < len(visits) && visits[end].TimeMS-visits[end-1].TimeMS <= t.def.GapMS {
			end++
		}
		t.Session(visits[begin:end])
		begin = end
	}
}

// Session counts the path of one session.
func (t *Tally) Session(visits []Visit) {
	t.Sessions++
	at := 0
	if t.def.Direction == To {
		at = len(visits) - 1
	}
	if t.def.Anchored {
		for at >= 0 && at < len(visits) && !visits[at].Anchor {
			at += t.step()
		}
	}
	t.path = t.path[:0]
	for ; at >= 0 && at < len(visits) && len(t.path) < t.def.Depth; at += t.step() {
		label := visits[at].Label
		if n := len(t.path); n == 0 || t.def.KeepRepeats || t.path[n-1] != label {
			t.path = append(t.path, label)
		}
	}
	if len(t.path) == 0 {
		return
	}
	t.key = t.key[:0]
	for i := range t.path {
		label := t.path[i]
		if t.def.Direction == To { // the path was walked backwards
			label = t.path[len(t.path)-1-i]
		}
		t.key = binary.AppendUvarint(t.key, uint64(len(label)))
		t.key = append(t.key, label...)
	}
	t.Top.Add(t.key)
}

func (t *Tally) step() int {
	if t.def.Direction == To {
		return -1
	}
	return 1
}

// Labels are the events of a path, in the order of time, from its key.
func Labels(key string) []string {
	var labels []string
	for len(key) > 0 {
		size, n := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
		if n <= 0 || uint64(len(key)-n) < size {
			break // not reached: keys are made here
		}
		labels = append(labels, key[n:n+int(size)])
		key = key[n+int(size):]
	}
	return labels
}
