package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/fault"
)

type limits struct {
	MaxReceive config.Bytes  `koanf:"max_receive" usage:"largest message"`
	Deadline   time.Duration `koanf:"deadline"`
	Streams    uint32        `koanf:"streams"`
}

type settings struct {
	Listen  string            `koanf:"listen"`
	GRPC    limits            `koanf:"grpc"`
	Peers   map[string]string `koanf:"peers"`
	Origins []string          `koanf:"origins"`
	Rate    float64           `koanf:"rate"`
	Verbose bool              `koanf:"verbose"`
	Hidden  string
}

func (s *settings) Validate() error {
	var check config.Validator
	check.Address("listen", s.Listen)
	check.Require(s.GRPC.Streams > 0, "grpc.streams", "must be at least 1")
	return check.Err()
}

func defaults() settings {
	return settings{
		Listen:  "127.0.0.1:9000",
		GRPC:    limits{MaxReceive: 4 * config.MiB, Deadline: time.Second, Streams: 10},
		Peers:   map[string]string{"profile": "a:1"},
		Origins: []string{"https://a", "https://b", "https://c"},
	}
}

func write(t *testing.T, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kehu.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	path := write(t, "grpc: {max_receive: 1KiB, deadline: 2s, streams: 20}\norigins: [https://x]\npeers: {valuation: b:2}\nrate: 0.5\n")
	t.Setenv("KEHU_TEST_GRPC__DEADLINE", "3s")
	t.Setenv("KEHU_TEST_GRPC__STREAMS", "30")
	got := defaults()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	if err := config.Flags(flags, &got); err != nil {
		t.Fatal(err)
	}
	flags.Bool("help-me", false, "a flag that is no setting")
	if err := flags.Parse([]string{"--grpc-streams=40", "--help-me"}); err != nil {
		t.Fatal(err)
	}
	if err := config.Load(flags, path, "KEHU_TEST_", &got); err != nil {
		t.Fatal(err)
	}
	if got.Listen != "127.0.0.1:9000" {
		t.Errorf("default lost: %q", got.Listen)
	}
	if got.GRPC.MaxReceive != config.KiB {
		t.Errorf("file: %v", got.GRPC.MaxReceive)
	}
	if got.GRPC.Deadline != 3*time.Second {
		t.Errorf("environment over file: %v", got.GRPC.Deadline)
	}
	if got.GRPC.Streams != 40 {
		t.Errorf("flag over environment: %v", got.GRPC.Streams)
	}
	if !slices.Equal(got.Origins, []string{"https://x"}) {
		t.Errorf("a list replaces the default whole: %v", got.Origins)
	}
	if len(got.Peers) != 1 || got.Peers["valuation"] != "b:2" {
		t.Errorf("a map replaces the default whole: %v", got.Peers)
	}
	if got.Rate != 0.5 {
		t.Errorf("rate %v", got.Rate)
	}
}

func TestEnvironmentText(t *testing.T) {
	t.Setenv("T_ORIGINS", "https://x, https://y")
	t.Setenv("T_VERBOSE", "true")
	t.Setenv("T_GRPC__MAX_RECEIVE", "64MiB")
	t.Setenv("T_SERVICE_HOST", "10.0.0.1") // set by orchestrators, no setting of ours
	t.Setenv("T_PEERS", "profile=b:2, valuation = c:3")
	got := defaults()
	if err := config.Load(nil, "", "T_", &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Peers) != 2 || got.Peers["profile"] != "b:2" || got.Peers["valuation"] != "c:3" {
		t.Errorf("peers %v", got.Peers)
	}
	if !slices.Equal(got.Origins, []string{"https://x", "https://y"}) || !got.Verbose || got.GRPC.MaxReceive != 64<<20 {
		t.Errorf("got %+v", got)
	}
}

func TestOneRunReportsEverything(t *testing.T) {
	path := write(t, "listne: :80\ngrpc: {dedline: 1s, deadline: 5, streams: -1, max_receive: lots}\nverbose: maybe\nhidden: x\nlisten: nowhere\n")
	t.Setenv("T_RATE", "fast")
	got := defaults()
	err := config.Load(nil, path, "T_", &got)
	if fault.KindOf(err) != fault.InvalidArgument {
		t.Fatalf("got %v", err)
	}
	f, _ := fault.As(err)
	said := map[string]string{}
	for _, v := range f.Violations {
		said[v.Field] = v.Description
	}
	for field, want := range map[string]string{
		"listne":           `nearest is "listen"`,
		"grpc.dedline":     `nearest is "grpc.deadline"`,
		"grpc.deadline":    "duration with its unit",
		"grpc.streams":     "whole number",
		"grpc.max_receive": "size in bytes",
		"verbose":          "true or false",
		"hidden":           "no such setting",
		"rate":             "T_RATE: must be a number",
		"listen":           "HOST:PORT",
	} {
		if !strings.Contains(said[field], want) {
			t.Errorf("%s: %q does not say %q", field, said[field], want)
		}
	}
	if len(said) != 9 {
		t.Errorf("%d violations: %v", len(said), said)
	}
	if got.GRPC.Deadline != time.Second {
		t.Error("a value that does not parse must leave the default")
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	for name, path := range map[string]string{
		"missing":       filepath.Join(t.TempDir(), "none.yaml"),
		"not yaml":      write(t, "grpc: [unclosed"),
		"duplicate key": write(t, "rate: 1\nrate: 2\n"),
		"a scalar":      write(t, "just text"),
	} {
		got := defaults()
		if err := config.Load(nil, path, "T_", &got); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSectionWithNothingInIt(t *testing.T) {
	for _, yaml := range []string{"", "grpc:\n", "grpc: {}\n", "# nothing\n", "rate:\n"} {
		got := defaults()
		if err := config.Load(nil, write(t, yaml), "T_", &got); err != nil {
			t.Errorf("%q: %v", yaml, err)
		}
		if got.GRPC != defaults().GRPC {
			t.Errorf("%q changed the defaults: %+v", yaml, got.GRPC)
		}
	}
}

func TestSectionGivenAsScalar(t *testing.T) {
	got := defaults()
	err := config.Load(nil, write(t, "grpc: 5\n"), "T_", &got)
	if f, ok := fault.As(err); !ok || f.Violations[0].Field != "grpc" {
		t.Errorf("got %v", err)
	}
}

func TestFlagsShowAndReadBackTheDefaults(t *testing.T) {
	want := defaults()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	if err := config.Flags(flags, &want); err != nil {
		t.Fatal(err)
	}
	if f := flags.Lookup("grpc-max-receive"); f == nil || f.DefValue != "4MiB" || f.Usage != "largest message" {
		t.Errorf("flag %+v", f)
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if err := flags.Set(f.Name, f.DefValue); err != nil {
			t.Error(err)
		}
	})
	var got settings
	if err := config.Load(flags, "", "T_", &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAmbiguousFlagsAreRefused(t *testing.T) {
	var into struct {
		A struct {
			B string `koanf:"b"`
		} `koanf:"a"`
		AB string `koanf:"a_b"`
	}
	if err := config.Load(nil, "", "T_", &into); err == nil {
		t.Error("a.b and a_b are the same flag")
	}
	if err := config.Load(nil, "", "T_", into); err == nil {
		t.Error("a struct that is no pointer cannot be filled")
	}
}

func TestBytesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := config.Bytes(rapid.Int64Min(0).Draw(t, "bytes"))
		got, err := config.ParseBytes(want.String())
		if err != nil || got != want {
			t.Fatalf("%d printed as %s reads as %d, %v", int64(want), want, int64(got), err)
		}
	})
}

func TestBytesRefused(t *testing.T) {
	for _, text := range []string{"", "MiB", "-1", "1.5MiB", "9999999TiB", "5 parsecs", "1e3", "1MiBB"} {
		if got, err := config.ParseBytes(text); err == nil {
			t.Errorf("%q read as %v", text, got)
		}
	}
	if got, err := config.ParseBytes("3 kB"); err != nil || got != 3000 {
		t.Errorf("3 kB: %v, %v", got, err)
	}
}

func TestValidatorURL(t *testing.T) {
	var check config.Validator
	check.URL("ok", "http://localhost:4317", "http", "https")
	check.URL("uri", "mongo://user:secret@host", "mongodb", "mongodb+srv")
	check.Nested("store", check.Err())
	err := check.Err()
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatalf("got %v", err)
	}
	f, _ := fault.As(err)
	if len(f.Violations) != 2 || f.Violations[1].Field != "store.uri" {
		t.Errorf("got %+v", f.Violations)
	}
}
