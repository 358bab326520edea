package updates

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

const (
	sumLength = 12
	maxCursor = 32 << 10 // ids of documents are far shorter
)

// format writes positions, by source, with a sum that tells them from a mistake;
// it is no signature, for a cursor reaches nothing that its request could not.
func (f *Feed) format(positions []docstore.Position) string {
	var text strings.Builder
	for i, p := range positions {
		text.WriteString(f.sources[i].name + " " + p.Key + " " + p.ID + "\n")
	}
	sum := f.sum(text.String())
	return base64.RawURLEncoding.EncodeToString(append([]byte(text.String()), sum...))
}

func (f *Feed) sum(text string) []byte {
	sum := sha256.Sum256([]byte(f.service + "\n" + text))
	return sum[:sumLength]
}

// parse reads a cursor. A source that it does not know, for it is new, is read
// from the beginning of the others.
func (f *Feed) parse(cursor string, horizon time.Time) ([]docstore.Position, error) {
	positions := make([]docstore.Position, len(f.sources))
	for i := range positions {
		positions[i].Key = docstore.Key(docstore.Time(horizon))
	}
	if cursor == "" {
		return positions, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(cursor) > maxCursor || len(raw) <= sumLength {
		return nil, invalid()
	}
	text := string(raw[:len(raw)-sumLength])
	if !bytes.Equal(f.sum(text), raw[len(raw)-sumLength:]) {
		return nil, invalid()
	}
	known := make(map[string]docstore.Position)
	earliest := positions[0].Key
	for line := range strings.Lines(text) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(parts) != 3 {
			return nil, invalid()
		}
		at, err := docstore.ParseTime(parts[1])
		if err != nil {
			return nil, invalid()
		}
		if horizon.Sub(at) > cursorLife {
			return nil, expired()
		}
		// Ahead of the present: the clock was set back, and what changes from then on is
		// noted with times that this cursor has behind it.
		if at.Sub(horizon) > docstore.ChangesLag {
			return nil, expired()
		}
		known[parts[0]] = docstore.Position{Key: parts[1], ID: parts[2]}
		earliest = min(earliest, parts[1])
	}
	for i, source := range f.sources {
		position, ok := known[source.name]
		if !ok {
			position = docstore.Position{Key: earliest}
		}
		positions[i] = position
	}
	return positions, nil
}

func invalid() error {
	f := fault.Invalid("cursor", "must be the next_cursor of a call before, or empty to begin now")
	f.Reason = "CURSOR_INVALID"
	return f
}
