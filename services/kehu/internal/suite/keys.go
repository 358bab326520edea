package suite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/vault"
)

// Rotation is what became of a rotation of the master key.
type Rotation struct {
	Keyring   string // the file
	Rewrapped int64  // data keys, of all services
	Kept      int    // old master keys that the file still holds
}

// RotateKeys gives the keyring of a store a new master key and wraps every data
// key by it; then, unless keepOld, it drops the old master keys. Nothing may be
// served from the store meanwhile. What broke off goes on when it is called again.
func RotateKeys(ctx context.Context, store engines.Config, keepOld bool, seen func(keys int64)) (_ Rotation, err error) {
	r := Rotation{Keyring: store.KeyringPath()}
	keyring, err := vault.ReadKeyring(r.Keyring)
	if err != nil {
		return r, err
	}
	stores, err := keyStores(ctx, store)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, closeAll(stores)) }()
	if keyring, err = keyring.Rotated(); err != nil {
		return r, err
	}
	if err := keyring.Write(r.Keyring); err != nil {
		return r, err
	}
	for _, keys := range stores {
		v, err := vault.New(ctx, keys, keyring)
		if err != nil {
			return r, err
		}
		before := r.Rewrapped
		n, err := v.Rewrap(ctx, func(keys int64) { seen(before + keys) })
		r.Rewrapped += n
		if err != nil {
			return r, err
		}
	}
	if keepOld {
		r.Kept = keyring.Masters() - 1
		return r, nil
	}
	if keyring, err = keyring.Pruned(); err != nil {
		return r, err
	}
	return r, keyring.Write(r.Keyring)
}

// keyStores opens the stores of all services' data keys. Embedded, that fails
// while the suite runs.
func keyStores(ctx context.Context, store engines.Config) ([]docstore.Engine, error) {
	var stores []docstore.Engine
	for _, b := range builders(defaultServices()) {
		if !b.seals {
			continue
		}
		keys, err := engines.Open(ctx, store, engines.Keys(b.name), slog.Default())
		if err != nil {
			return nil, errors.Join(fmt.Errorf("keys of %s: %w", b.name, err), closeAll(stores))
		}
		stores = append(stores, keys)
	}
	return stores, nil
}

func closeAll(stores []docstore.Engine) error {
	var errs []error
	for _, s := range stores {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
