package vault

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// walkPage is how many keys a walk reads at a time. It holds no iterator between
// pages, which would keep destroyed keys on disk.
const walkPage = 1000

// Walk opens sealed fields, and seals some, in the order of their subjects' escaped ids, as a scan
// of documents by subject meets them, next to a scan of the keys: no look-up is
// made per subject. It is for one goroutine.
type Walk struct {
	vault *Vault
	next  docstore.Range // the keys not yet read
	page  []wrappedKey   // those read and not yet passed
	done  bool           // there are no more behind page
	id    string         // the subject met last, escaped
	name  string         // the same, as it is
	key   *key           // its key; nil where it has none
}

// wrappedKey is a data key as a walk reads it.
type wrappedKey struct {
	id      string
	wrapped []byte
}

// Walk begins a walk at a subject, the first by default.
func (v *Vault) Walk(from string) *Walk {
	w := &Walk{vault: v, next: docstore.Range{Limit: walkPage}}
	if from != "" {
		w.next.From = docstore.ID(from)
	}
	return w
}

// Open opens a box as Vault.Open does. Its subject must not come before that of
// the box before.
func (w *Walk) Open(ctx context.Context, b Box) ([]byte, error) {
	if err := w.meet(ctx, b.Subject); err != nil {
		return nil, err
	}
	if w.key == nil || !w.key.sealed(b.Content) {
		// Its key was made, or made anew, after the page of keys was read.
		return w.vault.Open(ctx, b.Subject, b.Place, b.Content)
	}
	return w.key.open(b)
}

// Seal seals a box as Vault.Seal does. Its subject must not come before that of the
// box before. It may use a key that was destroyed since it was read.
func (w *Walk) Seal(ctx context.Context, b Box) ([]byte, error) {
	if err := w.meet(ctx, b.Subject); err != nil {
		return nil, err
	}
	if w.key == nil {
		return w.vault.Seal(ctx, b.Subject, b.Place, b.Content)
	}
	return w.key.seal(b)
}

// meet moves on to the key of a subject, unless it is at it.
func (w *Walk) meet(ctx context.Context, subject string) error {
	if subject == w.name && w.id != "" {
		return nil
	}
	w.id, w.name, w.key = docstore.ID(subject), subject, nil
	for {
		for len(w.page) > 0 && w.page[0].id < w.id {
			w.page = w.page[1:]
		}
		if len(w.page) > 0 || w.done {
			break
		}
		if err := w.turn(ctx); err != nil {
			w.id = "" // to be met again
			return err
		}
	}
	if len(w.page) == 0 || w.page[0].id != w.id {
		return nil
	}
	var err error
	if w.key, err = w.vault.unwrap(w.id, w.page[0].wrapped); err != nil {
		w.id = ""
	}
	return err
}

// turn reads the next page of keys, without decoding what else their documents hold.
func (w *Walk) turn(ctx context.Context) error {
	page := make([]wrappedKey, 0, walkPage)
	bytes := make([]byte, 0, walkPage*wrappedSize)
	for entry, err := range w.vault.keys.ScanRaw(ctx, w.next) {
		if err != nil {
			return err
		}
		_, wrapped, ok := entry.Doc.Lookup("wrapped").BinaryOK()
		if !ok {
			return fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "a data key cannot be read")
		}
		at := len(bytes)
		bytes = append(bytes, wrapped...)
		page = append(page, wrappedKey{entry.ID, bytes[at:len(bytes):len(bytes)]})
		w.next.After = &docstore.Position{ID: entry.ID}
	}
	w.page, w.done = page, len(page) < walkPage
	return nil
}
