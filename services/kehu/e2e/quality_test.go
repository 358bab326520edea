package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestQualityAndExports assesses a small base on the command line, sees to it that
// the commands a report recommends are there, and takes an export back in.
func TestQualityAndExports(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	run := func(args ...string) string {
		t.Helper()
		out, errs, code := kehu(t, append(args, "--server", s.addresses["grpc"])...)
		if code != 0 {
			t.Fatalf("kehu %q: exit %d\n%s", args, code, errs)
		}
		return out
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "customers.csv")
	const customers = "customer_id,display_name,region,city,email,birth_date,gender\n" +
		"a,test,浙江,深圳,a@gmial.com,1970-01-01,\nb,王先生,广东,深圳,,1990-05-17,female\nc,=1+1,,南山,,,\n"
	if err := os.WriteFile(file, []byte(customers), 0o600); err != nil {
		t.Fatal(err)
	}
	run("import", "customers", file)
	var report struct {
		Customers string
		Issues    []struct{ Rule, Command string }
	}
	if err := json.Unmarshal([]byte(run("profile", "assess-data-quality", "--wait")), &report); err != nil || report.Customers != "3" {
		t.Fatalf("%v: %+v", err, report)
	}
	rules := map[string]bool{}
	for _, issue := range report.Issues {
		rules[issue.Rule] = true
		if !there(t, issue.Command) {
			t.Errorf("%s recommends %q, which is not there", issue.Rule, issue.Command)
		}
	}
	for _, rule := range []string{"DISPLAY_NAME_PLACEHOLDER", "CITY_OUTSIDE_REGION", "EMAIL_DOMAIN_MISTYPED", "BIRTH_DATE_PLACEHOLDER", "GENDER_CONTRADICTS_TITLE", "PHONE_MISSING"} {
		if !rules[rule] {
			t.Errorf("%s was not found", rule)
		}
	}

	exported := filepath.Join(dir, "exported.csv")
	run("export", "customers", "--out", exported)
	again := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	if out, errs, code := kehu(t, "import", "customers", exported, "--format", "json", "--server", again.addresses["grpc"]); code != 0 ||
		!strings.Contains(out, `"created": 3`) {
		t.Fatalf("taking the export in: exit %d\n%s%s", code, out, errs)
	}
	if out := customerAt(t, again, "customers/c"); !strings.Contains(out, `"displayName": "=1+1"`) {
		t.Errorf("a name like a formula came back as\n%s", out)
	}
	var b struct{ DisplayName, City, Gender string }
	out := customerAt(t, again, "customers/b")
	if err := json.Unmarshal([]byte(out), &b); err != nil || b.DisplayName != "王先生" || b.City != "深圳" || b.Gender != "GENDER_FEMALE" {
		t.Errorf("after export and import: %v\n%s", err, out)
	}
}

// customerAt is a customer as a server shows it.
func customerAt(t *testing.T, s *server, name string) string {
	t.Helper()
	out, errs, code := kehu(t, "profile", "get-customer", "--name", name, "--server", s.addresses["grpc"])
	if code != 0 {
		t.Fatalf("%s: exit %d\n%s", name, code, errs)
	}
	return out
}

// there reports whether a command line that a text recommends has a command, and
// that the flags it has.
func there(t *testing.T, recommended string) bool {
	t.Helper()
	line, _, _ := strings.Cut(recommended, "#")
	var words, flags []string
	for _, word := range strings.Fields(line)[1:] {
		switch {
		case strings.HasPrefix(word, "--"):
			flags = append(flags, word)
		case len(flags) == 0:
			words = append(words, word)
		}
	}
	help, _, code := kehu(t, append(words, "--help")...)
	for _, flag := range flags {
		if !strings.Contains(help, flag+" ") {
			return false
		}
	}
	return code == 0
}
