package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCallsFromTheCommandLine makes calls of each form against a running suite:
// one answer, pages, streams both ways, operations, and what must be refused.
func TestCallsFromTheCommandLine(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	call := func(stdin string, args ...string) (string, string, int) {
		t.Helper()
		command := exec.Command(filepath.Join(bin, "kehu"), append(args, "--server", s.addresses["grpc"])...)
		var out, errs bytes.Buffer
		command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &errs
		if err := command.Run(); err != nil && command.ProcessState == nil {
			t.Fatal(err)
		}
		return out.String(), errs.String(), command.ProcessState.ExitCode()
	}
	ok := func(stdin string, args ...string) string {
		t.Helper()
		out, errs, code := call(stdin, args...)
		if code != 0 {
			t.Fatalf("kehu %q: exit %d\n%s", args, code, errs)
		}
		return out
	}

	ok("", "profile", "create-customer", "--customer-id", "a", "--customer.display-name", "王芳", "--customer.kind", "individual")
	ok(`{"customer":{"displayName":"B","city":"x"},"customerId":"b"}`, "profile", "create-customer", "--json", "-", "--customer.city", "Bonn")
	file := filepath.Join(t.TempDir(), "orders.json")
	orders := `{"orders":[{"name":"customers/a/orders/1","orderTime":"2024-01-01T00:00:00Z","amount":{"minorUnits":"100","currencyCode":"CNY"}}]}`
	if err := os.WriteFile(file, []byte(orders), 0o600); err != nil {
		t.Fatal(err)
	}
	ok("", "profile", "batch-record-orders", "--json", "@"+file)

	var b struct{ DisplayName, City string }
	if err := json.Unmarshal([]byte(ok("", "profile", "get-customer", "--name", "customers/b")), &b); err != nil || b.DisplayName != "B" || b.City != "Bonn" {
		t.Errorf("got %v, %v", b, err)
	}
	for _, args := range [][]string{
		{"profile", "list-customers", "--page-size", "1", "--all"}, // three calls
		{"profile", "list-customers", "--output", "jsonl"},
		{"profile", "stream-customers"},
	} {
		lines := strings.Split(strings.TrimSpace(ok("", args...)), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], `"customers/a"`) || !strings.Contains(lines[1], `"customers/b"`) {
			t.Errorf("kehu %q: %q", args, lines)
		}
	}
	summary := ok("", "valuation", "refresh-valuations", "--wait", "--policy.time-zone", "Asia/Shanghai", "--policy.as-of-date", "2024-02-01")
	if !strings.Contains(summary, `"timeZone": "Asia/Shanghai"`) || strings.Contains(summary, "operations/") {
		t.Errorf("the result of the operation is not there: %s", summary)
	}
	if operation := ok("", "valuation", "refresh-valuations", "--policy.time-zone", "Asia/Shanghai", "--policy.as-of-date", "2024-02-01"); !strings.Contains(operation, `"name": "operations/valuation/`) {
		t.Errorf("without --wait: %s", operation)
	}

	for _, c := range []struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		{"", []string{"profile", "get-customer", "--name", "customers/none"}, 2, "CUSTOMER_NOT_FOUND"},
		{"", []string{"profile", "get-customer"}, 2, "name"},
		{"", []string{"profile", "get-customer", "customers/a"}, 2, "takes flags only"},
		{"", []string{"profile", "get-custmer", "--name", "customers/a"}, 2, "did you mean get-customer"},
		{"", []string{"profile", "list-customers", "--page-size", "many"}, 2, `"--page-size" flag: must be a whole number`},
		{"", []string{"profile", "list-customers", "--nonsense"}, 2, "unknown flag: --nonsense"},
		{"", []string{"profile", "list-customers", "--output", "xml"}, 2, "--output"},
		{"", []string{"profile", "list-customers", "--json", `{"pagesize":1}`}, 2, `unknown field "pagesize"`},
		{"", []string{"profile", "list-customers", "--json", "@/no/such/file"}, 2, "no such file"},
		{"{\"name\":\"imports/none\"}\n{]\n", []string{"profile", "stream-import"}, 2, "line 2 of the input"},
		{"{\"name\":\"imports/none\",\"data\":\"AA==\"}\n", []string{"profile", "stream-import"}, 2, "IMPORT_NOT_FOUND"},
	} {
		out, errs, code := call(c.stdin, c.args...)
		if code != c.code || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("kehu %q: exit %d, %q, output %q; want %d and %q", c.args, code, errs, out, c.code, c.says)
		}
	}
	if _, errs, code := kehu(t, "profile", "list-customers", "--server", "127.0.0.1:1"); code != 3 || !strings.Contains(errs, "127.0.0.1:1") {
		t.Errorf("nobody there: exit %d, %s", code, errs)
	}
	if out, _, code := kehu(t, "__complete", "profile", "create-customer", "--customer.kind", ""); code != 0 || !strings.Contains(out, "enterprise") {
		t.Errorf("completion: exit %d, %q", code, out)
	}
}
