package engines

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"
)

// Keys is the name under which Open opens the store of a service's data keys.
func Keys(service string) string { return service + "-keys" }

// KeyringPath is the file of the keyring; empty where none was given that must be.
func (c Config) KeyringPath() string {
	if c.Keyring == "" && c.Data != "" {
		return filepath.Join(c.Data, "keyring.json")
	}
	return c.Keyring
}

// OpenVault opens the vault of one service, and the engine of its keys, which is
// the caller's to close. A directory that has no data keys yet is given a keyring.
func OpenVault(ctx context.Context, c Config, service string, log *slog.Logger, opts ...vault.Option) (_ *vault.Vault, keys docstore.Engine, err error) {
	keys, err = Open(ctx, c, Keys(service), log)
	if err != nil {
		return nil, nil, err
	}
	v, err := newVault(ctx, c, keys, log, opts)
	if err != nil {
		return nil, nil, errors.Join(err, keys.Close())
	}
	return v, keys, nil
}

func newVault(ctx context.Context, c Config, keys docstore.Engine, log *slog.Logger, opts []vault.Option) (*vault.Vault, error) {
	keyring, err := openKeyring(ctx, c, keys, log)
	if err != nil {
		return nil, err
	}
	return vault.New(ctx, keys, keyring, opts...)
}

func openKeyring(ctx context.Context, c Config, keys docstore.Engine, log *slog.Logger) (*vault.Keyring, error) {
	path := c.KeyringPath()
	switch {
	case c.Temporary:
		return vault.NewKeyring()
	case path == "":
		return nil, fault.New(fault.FailedPrecondition, "KEYRING_MISSING",
			"keyring: with a MongoDB give the file of the keyring; kehu keys create makes one, and every replica is given the same")
	case c.MongoDBURI != "":
		return vault.ReadKeyring(path)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return vault.ReadKeyring(path)
	}
	empty, err := vault.Empty(ctx, keys)
	if err != nil {
		return nil, err
	}
	if !empty {
		return vault.ReadKeyring(path) // says that it is missing
	}
	keyring, err := vault.CreateKeyring(path)
	if errors.Is(err, fs.ErrExist) { // made meanwhile by another service on the directory
		return vault.ReadKeyring(path)
	}
	if err == nil {
		log.Info("made a keyring: without it nobody can read the personal data; keep a copy apart from them", "keyring", path)
	}
	return keyring, err
}
