package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Masters is how many master keys the keyring holds: one, or more while a
// rotation is under way.
func (k *Keyring) Masters() int { return k.wrapping.Len() }

// Rotated is the keyring with a new master key, which wraps from now on; the old
// ones still unwrap. The key of the blind indexes stays.
func (k *Keyring) Rotated() (*Keyring, error) {
	manager := keyset.NewManagerFromHandle(k.wrapping)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, err
	}
	return k.with(manager)
}

// Pruned is the keyring without the master keys before the present one. What is
// wrapped by these, in old back-ups too, can then be read by nobody.
func (k *Keyring) Pruned() (*Keyring, error) {
	manager := keyset.NewManagerFromHandle(k.wrapping)
	present, err := k.wrapping.Primary()
	if err != nil {
		return nil, err
	}
	for i := range k.wrapping.Len() {
		entry, err := k.wrapping.Entry(i)
		if err != nil {
			return nil, err
		}
		if entry.KeyID() == present.KeyID() {
			continue
		}
		if err := manager.Delete(entry.KeyID()); err != nil {
			return nil, err
		}
	}
	return k.with(manager)
}

func (k *Keyring) with(manager *keyset.Manager) (*Keyring, error) {
	wrapping, err := manager.Handle()
	if err != nil {
		return nil, err
	}
	return newKeyring(wrapping, k.indexing)
}

// tinkPrefix is what Tink begins a ciphertext with: 0x01 and the id of its key,
// big-endian. See "Output prefix" in https://developers.google.com/tink/wire-format.
const tinkPrefix = 5

// isPresent reports whether a data key is wrapped by the present master key.
func (k *Keyring) isPresent(wrapped []byte) (bool, error) {
	present, err := k.wrapping.Primary()
	if err != nil {
		return false, err
	}
	return len(wrapped) > tinkPrefix && wrapped[0] == 1 &&
		binary.BigEndian.Uint32(wrapped[1:tinkPrefix]) == present.KeyID(), nil
}

// Rewrap wraps every data key that an old master key wraps by the present one,
// and returns how many those were. It may be broken off and called again, and
// runs beside sealing and opening. progress is told how many keys were seen.
func (v *Vault) Rewrap(ctx context.Context, progress func(seen int64)) (int64, error) {
	var rewrapped, seen int64
	for r := (docstore.Range{Limit: walkPage}); ; {
		page, next, err := v.keys.Page(ctx, r)
		if err != nil {
			return rewrapped, err
		}
		n, err := v.rewrapPage(ctx, page)
		rewrapped += n
		if err != nil {
			return rewrapped, err
		}
		seen += int64(len(page))
		progress(seen)
		if next == nil {
			return rewrapped, nil
		}
		r.After = next
	}
}

func (v *Vault) rewrapPage(ctx context.Context, page []*keyDoc) (rewrapped int64, err error) {
	var ops []docstore.Op[keyDoc]
	for _, doc := range page {
		present, err := v.keyring.isPresent(doc.Wrapped)
		if err != nil {
			return 0, err
		}
		if present {
			continue
		}
		if doc.Wrapped, err = v.rewrap(doc.ID, doc.Wrapped); err != nil {
			return 0, err
		}
		ops = append(ops, docstore.Op[keyDoc]{Doc: doc, Expect: doc.Version})
	}
	errs, err := v.keys.Write(ctx, ops)
	if err != nil {
		return 0, err
	}
	for _, err := range errs {
		switch {
		case err == nil:
			rewrapped++
		case errors.Is(err, docstore.ErrNotFound): // destroyed meanwhile
		default:
			return rewrapped, fmt.Errorf("rewrap data keys: %w", err)
		}
	}
	return rewrapped, nil
}

func (v *Vault) rewrap(id string, wrapped []byte) ([]byte, error) {
	binding := []byte(wrapPurpose + id)
	data, err := v.keyring.masters.Decrypt(wrapped, binding)
	if err != nil {
		return nil, fmt.Errorf("unwrap the data key of %s: %w", id, err)
	}
	return v.keyring.masters.Encrypt(data, binding)
}
