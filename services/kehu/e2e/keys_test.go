package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The master key is rotated while the suite is stopped; then the data are read
// with the new keyring and not with the old one, and a lost keyring is said.
func TestKeysRotate(t *testing.T) {
	dir := t.TempDir()
	serve := func() *server {
		return start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	}
	s := serve()
	client{t, "http://" + s.addresses["http"]}.post("/v1/customers?customer_id=c", map[string]any{
		"display_name": "李雷", "identifiers": []any{map[string]any{"type": "IDENTIFIER_TYPE_PHONE", "value": "13812345678"}},
	})
	if _, errs, code := kehu(t, "keys", "rotate", "--data", dir); code == 0 || !strings.Contains(errs, "in use") {
		t.Fatalf("rotated under a running suite: %d %s", code, errs)
	}
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "keyring.json")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out, errs, code := kehu(t, "keys", "rotate", "--data", dir)
	// One of profile, and one of segmentation if it has heard of the customer by then.
	if code != 0 || !strings.HasPrefix(out, "1 data keys") && !strings.HasPrefix(out, "2 data keys") || !strings.Contains(out, "and 0 old") {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	s = serve()
	found := client{t, "http://" + s.addresses["http"]}.get("/v1/customers:lookup?phone=13812345678")
	if !strings.Contains(found.text, "李雷") {
		t.Errorf("with the new keyring: %s", found.text)
	}
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"KEYRING_WRONG", "KEYRING_MISSING"} {
		failed, err := launch("kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
		if err == nil {
			failed.kill()
			t.Fatalf("started with %s", want)
		}
		if words := map[string]string{"KEYRING_WRONG": "not the one", "KEYRING_MISSING": "there is no keyring"}; !strings.Contains(err.Error(), words[want]) {
			t.Errorf("%s: %v", want, err)
		}
		if err := os.Remove(path); err != nil && want == "KEYRING_WRONG" {
			t.Fatal(err)
		}
	}
	if _, _, code := kehu(t, "keys", "create", filepath.Join(dir, "another.json")); code != 0 {
		t.Error("no keyring was made")
	}
	if _, _, code := kehu(t, "keys", "create", filepath.Join(dir, "another.json")); code != 2 {
		t.Error("a keyring was made over another")
	}
}
