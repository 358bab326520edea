package e2e

import (
	"strings"
	"testing"
)

// TestDemo runs the demo on two small shops and holds what it finds against the
// truth that it prints beside.
func TestDemo(t *testing.T) {
	for _, seed := range []string{"1", "2"} {
		out, errs, code := kehu(t, "demo", "--customers", "400", "--seed", seed)
		if code != 0 {
			t.Fatalf("exit %d\n%s", code, errs)
		}
		for _, line := range []string{"orders that count", "revenue, CNY"} {
			_, rest, found := strings.Cut(out, line)
			fields := strings.Fields(rest)
			if !found || len(fields) < 2 || fields[0] != fields[1] {
				t.Errorf("seed %s, %s: found %.40q, which is not the truth", seed, line, rest)
			}
		}
		if !strings.Contains(out, "The ledger balances") || !strings.Contains(out, "must not be the advocate") {
			t.Errorf("seed %s:\n%s", seed, out)
		}
	}
}

// TestStoreCopy takes a suite's data to another directory and serves from there.
func TestStoreCopy(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if _, errs, code := kehu(t, "demo", "--customers", "200", "--data", from); code != 0 {
		t.Fatalf("exit %d\n%s", code, errs)
	}
	out, errs, code := kehu(t, "store", "copy", "--from", from, "--to", to)
	if code != 0 || !strings.Contains(out, "every table is the same") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	s := start(t, "kehu", "serve", "--data", to, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	client{t, "http://" + s.addresses["http"]}.get("/v1/ledger:trialBalance").want(true, "balanced")
	if _, _, code := kehu(t, "store", "copy", "--from", from, "--to", to); code == 0 {
		t.Error("a copy onto a store in use succeeded")
	}
}
