package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]error{
		"\n": nil, "y\n": nil, " YES \n": nil, "是\n": nil,
		"n\n": errDeclined, "No\n": errDeclined, "否\n": errDeclined,
		"": errDeclined, "what?\nn\n": errDeclined, "what?\n\n": nil,
	} {
		var out bytes.Buffer
		c := console{in: strings.NewReader(answer), out: &out}
		if err := c.confirm(t.Context()); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", answer, err, want)
		}
		if n := strings.Count(out.String(), "[Y/n]"); n != max(1, strings.Count(answer, "?")+1) {
			t.Errorf("%q: asked %d times", answer, n)
		}
	}
}

func TestConfirmIsInterrupted(t *testing.T) {
	in, typing := io.Pipe() // nobody types
	defer func() { _ = typing.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (console{in: in, out: io.Discard}).confirm(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		want string
		env  map[string]string
	}{
		{"en", nil},
		{"zh", map[string]string{"LANG": "zh_CN.UTF-8"}},
		{"zh", map[string]string{"LC_ALL": "zh_TW", "LANG": "en_US.UTF-8"}},
		{"en", map[string]string{"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}},
		{"zh", map[string]string{"LC_MESSAGES": "zh", "LANG": "de_DE"}},
	} {
		if got := language(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %s, want %s", c.env, got, c.want)
		}
	}
}

// TestFlagsAreNamed gives wrong flags to the commands, which must say which they
// are before they read or dial anything.
func TestFlagsAreNamed(t *testing.T) {
	for _, c := range []struct {
		flags []string
		says  string
	}{
		{[]string{"--preset", "ebay"}, "--preset must be one of"},
		{[]string{"--preset", "jd", "--map", "m.yaml"}, "--map and --preset exclude each other"},
		{[]string{"--amount", "total"}, "--amount must be one of [order line]"},
		{[]string{"--amount", ""}, "--amount must be one of"},
		{[]string{"--currency", "yuan"}, "--currency must be an ISO 4217 code"},
		{[]string{"--zone", "Shanghai"}, "--zone must be an IANA time zone"},
		{[]string{"--zone", "Local"}, "--zone must be an IANA time zone"},
		{[]string{"--encoding", "latin1"}, "--encoding must be one of"},
		{[]string{"--delimiter", "pipe"}, "--delimiter must be one of"},
		{[]string{"--save-map", "console_test.go"}, "--save-map: console_test.go exists already"},
		{[]string{"--sheet", "x"}, "--sheet: console_test.go is no workbook"},
		{[]string{"--map", "console_test.go"}, "--map: console_test.go: "},
		{[]string{"--map", "none.yaml"}, "--map: open none.yaml"},
		{[]string{"--format", "pdf"}, "--format must be one of"},
		{[]string{"--colour"}, "unknown flag: --colour"},
	} {
		for _, command := range [][]string{{"analyze"}, {"import", "orders"}} {
			root := newRoot("test", nil)
			root.SetArgs(append(append(command, "console_test.go"), c.flags...))
			err := root.ExecuteContext(t.Context())
			if exitCode(err) != exitBadInput || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v %v: exit %d, %v; want %q", command, c.flags, exitCode(err), err, c.says)
			}
		}
	}
}
