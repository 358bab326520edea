package suite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

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
func RotateKeys(ctx context.Context, store engines.Config, keepOld bool, seen func(keys int64)) (Rotation, error) {
	r := Rotation{Keyring: store.KeyringPath()}
	keyring, err := vault.ReadKeyring(r.Keyring)
	if err != nil {
		return r, err
	}
	if keyring, err = keyring.Rotated(); err != nil {
		return r, err
	}
	if err := keyring.Write(r.Keyring); err != nil {
		return r, err
	}
	for _, b := range builders(defaultServices()) {
		if !b.seals {
			continue
		}
		before := r.Rewrapped
		n, err := rewrap(ctx, store, b.name, keyring, func(keys int64) { seen(before + keys) })
		r.Rewrapped += n
		if err != nil {
			return r, fmt.Errorf("keys of %s: %w", b.name, err)
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

func rewrap(ctx context.Context, store engines.Config, service string, keyring *vault.Keyring, seen func(int64)) (n int64, err error) {
	keys, err := engines.Open(ctx, store, engines.Keys(service), slog.Default())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	v, err := vault.New(ctx, keys, keyring)
	if err != nil {
		return 0, err
	}
	return v.Rewrap(ctx, seen)
}
