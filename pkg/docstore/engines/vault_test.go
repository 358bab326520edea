package engines_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"
)

var quiet = slog.New(slog.DiscardHandler)

// seal seals with the vault of a configuration, or returns why there is none.
func seal(t *testing.T, c engines.Config) error {
	t.Helper()
	v, keys, err := engines.OpenVault(t.Context(), c, "profile", quiet)
	if err != nil {
		return err
	}
	_, err = v.Seal(t.Context(), "anna", "p", []byte("A"))
	if err != nil {
		t.Error(err)
	}
	return keys.Close()
}

func want(t *testing.T, what string, err error, reason string) {
	t.Helper()
	if fault.ReasonOf(err) != reason || (err == nil) != (reason == "") {
		t.Errorf("%s: %v, want %q", what, err, reason)
	}
}

// A directory gets its keyring once; a lost or another one is said and not
// replaced; one that lies elsewhere is made there.
func TestKeyringOfADirectory(t *testing.T) {
	dir, apart := t.TempDir(), filepath.Join(t.TempDir(), "keys", "ring.json")
	c := engines.Config{Data: dir}
	want(t, "first start", seal(t, c), "")
	want(t, "second start", seal(t, c), "")
	path := filepath.Join(dir, "keyring.json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	want(t, "lost keyring", seal(t, c), "KEYRING_MISSING")
	if _, err := os.Stat(path); err == nil {
		t.Error("a keyring was made for a store that had one")
	}
	want(t, "made apart", seal(t, engines.Config{Data: t.TempDir(), Keyring: apart}), "")
	want(t, "another keyring", seal(t, engines.Config{Data: dir, Keyring: apart}), "KEYRING_WRONG")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, "keyring restored", seal(t, c), "")
}

func TestKeyringOfATemporaryStore(t *testing.T) {
	dir := t.TempDir()
	want(t, "temporary", seal(t, engines.Config{Data: dir, Temporary: true}), "")
	if _, err := os.Stat(filepath.Join(dir, "keyring.json")); err == nil {
		t.Error("the keyring of a temporary store was written")
	}
}

func TestKeyringOfMongoDB(t *testing.T) {
	c := engines.Config{MongoDBURI: mongotest.URI(t)}
	want(t, "none given", seal(t, c), "KEYRING_MISSING")
	c.Keyring = filepath.Join(t.TempDir(), "keyring.json")
	want(t, "none there", seal(t, c), "KEYRING_MISSING")
}
