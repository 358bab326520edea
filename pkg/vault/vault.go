// Package vault seals what describes a subject, and can make it unreadable for
// good. A subject is whatever a service names by an id; the vault knows no more.
//
// Every subject has a data key of its own, made with the first sealed field. Data
// keys are documents of a store that holds nothing else (engines.Keys), each
// wrapped by the master key of a Keyring, which is kept apart from all data. To
// destroy a subject's key is to destroy everything sealed under it, in whatever
// file or back-up that is.
//
//	sealed, err := v.Seal(ctx, subject, "customers", content)
//	content, err := v.Open(ctx, subject, "customers", sealed)
//
// A place tells records of one subject apart: the table, and the record's own id
// where a subject has several. A sealed field opens only for the subject and
// the place it was sealed for. SealMany and OpenMany do a batch with one look-up;
// Walk opens and seals what is met in the order of subjects, a whole collection if need
// be, next to one scan of the keys.
//
// BlindIndex names a value without telling it, for look-ups and uniqueness.
//
// A sealed field is
//
//	0x01 | 4 bytes that tell the data key | 12 bytes nonce | AES-256-GCM | 16 bytes tag
package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// ErrDestroyed is the error of a field whose key has been destroyed: what was
// sealed is lost, as it was meant to be. Test with errors.Is.
var ErrDestroyed = errors.New("the key of what was sealed has been destroyed")

const (
	// KeyLife is how long a process may use a data key before it looks whether the
	// key is still there: what another process destroyed is readable here, from
	// memory, for so long.
	KeyLife = time.Minute
	// defaultCache is how many data keys are kept in memory, some 1.5 KiB each.
	defaultCache = 20_000
)

// Vault is safe for concurrent use.
type Vault struct {
	keyring *Keyring
	keys    *docstore.Collection[keyDoc]
	cache   *cache
	now     func() time.Time
}

// Option changes a vault from its defaults.
type Option func(*Vault)

// WithClock replaces the system clock.
func WithClock(now func() time.Time) Option { return func(v *Vault) { v.now = now } }

// WithCache bounds how many data keys are kept in memory, 20,000 by default.
func WithCache(keys int) Option { return func(v *Vault) { v.cache = newCache(keys) } }

// New opens the vault whose data keys are on an engine.
func New(ctx context.Context, engine docstore.Engine, keyring *Keyring, opts ...Option) (*Vault, error) {
	v := &Vault{keyring: keyring, cache: newCache(defaultCache), now: time.Now}
	for _, opt := range opts {
		opt(v)
	}
	var err error
	if v.keys, err = openKeys(ctx, engine, v.now); err != nil {
		return nil, err
	}
	return v, v.checkKeyring(ctx)
}

func openKeys(ctx context.Context, engine docstore.Engine, now func() time.Time) (*docstore.Collection[keyDoc], error) {
	return docstore.Open(ctx, engine, docstore.Schema[keyDoc]{Name: "keys"}, docstore.WithClock(now))
}

// Prepare creates what a vault needs on an engine, for which no keyring is needed.
func Prepare(ctx context.Context, engine docstore.Engine) error {
	_, err := openKeys(ctx, engine, time.Now)
	return err
}

// Empty reports whether an engine holds no data keys.
func Empty(ctx context.Context, engine docstore.Engine) (bool, error) {
	keys, err := openKeys(ctx, engine, time.Now)
	if err != nil {
		return false, err
	}
	for _, err := range keys.ScanRaw(ctx, docstore.Range{Limit: 1}) {
		return false, err
	}
	return true, nil
}

// Box is a content and where it belongs.
type Box struct {
	Subject string // whose key seals it
	Place   string // where it is kept, e.g. "orders!1042"; any text
	Content []byte // plain for Seal, sealed for Open
}

// Seal seals a content for a subject and a place, with a new key where the
// subject has none.
func (v *Vault) Seal(ctx context.Context, subject, place string, content []byte) ([]byte, error) {
	sealed, err := v.SealMany(ctx, []Box{{subject, place, content}})
	if err != nil {
		return nil, err
	}
	return sealed[0], nil
}

// SealMany seals each box, in their order. Several may be of one subject.
func (v *Vault) SealMany(ctx context.Context, boxes []Box) ([][]byte, error) {
	keys, err := v.ensure(ctx, boxes)
	if err != nil {
		return nil, err
	}
	sealed := make([][]byte, len(boxes))
	for i, b := range boxes {
		if sealed[i], err = keys[i].seal(b); err != nil {
			return nil, err
		}
	}
	return sealed, nil
}

// Open opens what was sealed for a subject and a place. The error is ErrDestroyed
// where the key is gone, and an Internal fault SEAL_BROKEN where the field was
// not sealed for this subject and place, or has been changed.
func (v *Vault) Open(ctx context.Context, subject, place string, sealed []byte) ([]byte, error) {
	contents, errs, err := v.OpenMany(ctx, []Box{{subject, place, sealed}})
	if err != nil {
		return nil, err
	}
	return contents[0], errs[0]
}

// OpenMany opens each box, in their order, with one error per box as Open has it.
// The last result is an error of the call as a whole.
func (v *Vault) OpenMany(ctx context.Context, boxes []Box) ([][]byte, []error, error) {
	keys, err := v.find(ctx, boxes)
	if err != nil {
		return nil, nil, err
	}
	contents, errs := make([][]byte, len(boxes)), make([]error, len(boxes))
	for i, b := range boxes {
		if keys[i] == nil {
			errs[i] = ErrDestroyed
			continue
		}
		contents[i], errs[i] = keys[i].open(b)
	}
	return contents, errs, nil
}

// Destroy destroys the keys of subjects, whether they have one or not. When it
// returns, no file of an embedded store holds them any more; docs/security.md
// says what an operator of MongoDB does. It may be repeated, and is to be after
// an error. What is sealed for a subject later gets a new key.
func (v *Vault) Destroy(ctx context.Context, subjects ...string) error {
	ids := make([]string, len(subjects))
	for i, subject := range subjects {
		ids[i] = docstore.ID(subject)
	}
	defer v.cache.forget(ids) // those that were read meanwhile
	v.cache.forget(ids)
	if err := v.keys.Erase(ctx, ids...); err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	return nil
}

// checkKeyring reports a keyring that is not the one the stored keys were wrapped
// with, before anything is sealed or looked up with it.
func (v *Vault) checkKeyring(ctx context.Context) error {
	for doc, err := range v.keys.Scan(ctx, docstore.Range{Limit: 1}) {
		if err != nil {
			return err
		}
		if _, err := v.unwrap(doc.ID, doc.Wrapped); err != nil {
			return fault.New(fault.FailedPrecondition, "KEYRING_WRONG",
				"the keyring is not the one that the stored data keys were made with; give the right file, or its back-up").Because(err)
		}
	}
	return nil
}
