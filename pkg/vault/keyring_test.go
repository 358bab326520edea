package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"
)

func TestKeyringFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new", "keyring.json")
	if _, err := vault.ReadKeyring(path); fault.ReasonOf(err) != "KEYRING_MISSING" {
		t.Errorf("none there: %v", err)
	}
	made, err := vault.CreateKeyring(path)
	must(t, err)
	info, err := os.Stat(path)
	must(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
	if _, err := vault.CreateKeyring(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made a second time: %v", err)
	}
	read, err := vault.ReadKeyring(path)
	must(t, err)
	e := onPebble(t)
	sealed, err := newVault(t, e, made).Seal(t.Context(), "anna", "p", []byte("A"))
	must(t, err)
	if got, err := newVault(t, e, read).Open(t.Context(), "anna", "p", sealed); err != nil || string(got) != "A" {
		t.Errorf("opened as %q, %v", got, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left beside it: %v, %v", entries, err)
	}
	for _, content := range []string{"", "{}", "null", `{"kehu_keyring":1}`, `{"kehu_keyring":1,"wrapping":{},"indexing":{}}`, `{"kehu_keyring":9}`} {
		must(t, os.WriteFile(path, []byte(content), 0o600))
		if _, err := vault.ReadKeyring(path); fault.ReasonOf(err) != "KEYRING_UNREADABLE" {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestWrongKeyring(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		_, err := newVault(t, e, newKeyring(t)).Seal(t.Context(), "anna", "p", nil)
		must(t, err)
		if _, err := vault.New(t.Context(), e, newKeyring(t)); fault.ReasonOf(err) != "KEYRING_WRONG" {
			t.Errorf("another keyring: %v", err)
		}
	})
}

// A rotation that broke off is gone on with; then the old keyring opens nothing.
func TestRotation(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		ctx := t.Context()
		old := newKeyring(t)
		v := newVault(t, e, old)
		var boxes []vault.Box
		for i := range 2500 {
			boxes = append(boxes, vault.Box{Subject: docstore.ID("c", string(rune('a'+i%26)), string(rune('一'+i))), Content: []byte("A")})
		}
		sealed, err := v.SealMany(ctx, boxes)
		must(t, err)
		index, err := v.BlindIndex("phone", "+8613800138000")
		must(t, err)

		rotated, err := old.Rotated()
		must(t, err)
		if rotated.Masters() != 2 {
			t.Errorf("%d master keys", rotated.Masters())
		}
		v = newVault(t, e, rotated)
		if n, err := v.Rewrap(ctx, func(int64) {}); err != nil || n != 2500 {
			t.Fatalf("%d rewrapped, %v", n, err)
		}
		if n, err := v.Rewrap(ctx, func(int64) {}); err != nil || n != 0 {
			t.Fatalf("%d rewrapped again, %v", n, err)
		}
		pruned, err := rotated.Pruned()
		must(t, err)
		path := filepath.Join(t.TempDir(), "keyring")
		must(t, pruned.Write(path))
		if pruned, err = vault.ReadKeyring(path); err != nil || pruned.Masters() != 1 {
			t.Fatalf("%d master keys, %v", pruned.Masters(), err)
		}
		v = newVault(t, e, pruned)
		for i, b := range boxes {
			if got, err := v.Open(ctx, b.Subject, b.Place, sealed[i]); err != nil || string(got) != "A" {
				t.Fatalf("%s: %q, %v", b.Subject, got, err)
			}
		}
		if again, err := v.BlindIndex("phone", "+8613800138000"); err != nil || again != index {
			t.Errorf("the blind index became %s, %v; was %s", again, err, index)
		}
		if _, err := vault.New(ctx, e, old); fault.ReasonOf(err) != "KEYRING_WRONG" {
			t.Errorf("the old keyring: %v", err)
		}
	})
}

// Blind indexes are the same for the same kind and value, differ otherwise and by
// keyring, and can be ids.
func TestBlindIndex(t *testing.T) {
	one, other := newKeyring(t), newKeyring(t)
	index := func(rt *rapid.T, k *vault.Keyring, kind, value string) string {
		name, err := k.BlindIndex(kind, value)
		if err != nil || docstore.ID(name) != name || len(name) != 26 {
			rt.Fatalf("%q, %v", name, err)
		}
		return name
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringN(0, 4, -1)
		kind, value, kind2, value2 := text.Draw(rt, "kind"), text.Draw(rt, "value"), text.Draw(rt, "kind2"), text.Draw(rt, "value2")
		if (index(rt, one, kind, value) == index(rt, one, kind2, value2)) != (kind == kind2 && value == value2) {
			rt.Fatalf("%q %q and %q %q", kind, value, kind2, value2)
		}
		if index(rt, one, kind, value) == index(rt, other, kind, value) {
			rt.Fatal("two keyrings agree")
		}
	})
}
