package process_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/process"
	"github.com/kehuhq/kehu/pkg/rpc"
)

func TestMain(m *testing.M) {
	if os.Getenv("KEHU_PROCESS_TEST_MAIN") != "" {
		p, _ := program(func(context.Context, *process.Host) error { return nil })
		os.Exit(process.Main(p))
	}
	goleak.VerifyTestMain(m)
}

type settings struct {
	process.Settings `koanf:",squash"`
	Store            struct {
		Directory string `koanf:"directory" usage:"where data is kept"`
	} `koanf:"store"`
}

func program(start func(context.Context, *process.Host) error) (process.Program, *settings) {
	s := &settings{Settings: process.Defaults()}
	s.Telemetry.Output = io.Discard
	s.GRPC.StopTimeout = 5 * time.Second
	return process.Program{Name: "kehu-test", Version: "1.2.3", Config: s, Settings: &s.Settings, Start: start}, s
}

// running is a program under way.
type running struct {
	addresses map[string]string // as the ready line names them
	stop      context.CancelFunc
	done      chan error
}

// run starts the program and waits until it says that it is ready.
func run(t *testing.T, p process.Program, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	it := &running{addresses: map[string]string{}, stop: cancel, done: make(chan error, 1)}
	go func() {
		err := p.Run(ctx, args, w)
		_ = w.CloseWithError(io.EOF)
		it.done <- err
	}()
	t.Cleanup(cancel)
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("not ready: %v, %v", err, <-it.done)
	}
	_, rest, ok := strings.Cut(line, "kehu-test 1.2.3 ready: ")
	if !ok {
		t.Fatalf("ready line %q", line)
	}
	for _, pair := range strings.Fields(rest) {
		name, address, _ := strings.Cut(pair, "=")
		it.addresses[name] = address
	}
	return it
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the process does not end")
		return nil
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServesAndStopsInOrder(t *testing.T) {
	var order []string
	note := func(what string) func(context.Context) error {
		return func(context.Context) error { order = append(order, what); return nil }
	}
	var down atomic.Bool
	p, s := program(func(_ context.Context, host *process.Host) error {
		host.OnStop(note("store"))
		host.OnStop(note("service"))
		host.Needs(func(context.Context) error {
			if down.Load() {
				return errors.New("the store is down")
			}
			return nil
		})
		return nil
	})
	it := run(t, p, "--store-directory=/data")
	if s.Store.Directory != "/data" {
		t.Errorf("directory %q", s.Store.Directory)
	}
	admin := "http://" + it.addresses["admin"]
	for _, path := range []string{"/livez", "/readyz"} {
		if code, body := get(t, admin+path); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	var version map[string]string
	if _, body := get(t, admin+"/version"); json.Unmarshal([]byte(body), &version) != nil || version["version"] != "1.2.3" || version["name"] != "kehu-test" {
		t.Errorf("version %v", version)
	}
	if code, body := get(t, admin+"/metrics"); code != http.StatusOK || !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics: %d", code)
	}
	down.Store(true)
	if code, body := get(t, admin+"/readyz"); code != http.StatusServiceUnavailable || strings.Contains(body, "store") {
		t.Errorf("readyz: %d %s", code, body)
	}
	if code, _ := get(t, admin+"/livez"); code != http.StatusOK {
		t.Errorf("a process whose store is down lives: %d", code)
	}
	down.Store(false)

	conn, err := grpc.NewClient(it.addresses["grpc"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("health: %v", err)
	}
	it.stop()
	if err := it.wait(t); err != nil {
		t.Errorf("stop: %v", err)
	}
	if strings.Join(order, " ") != "service store" {
		t.Errorf("stopped in the order %v", order)
	}
}

// A request that is under way when the process stops may still call the
// process's own services, and handlers that stream are told to end.
func TestRequestUnderWayEndsWell(t *testing.T) {
	entered, streaming := make(chan struct{}), make(chan struct{})
	p, _ := program(func(_ context.Context, host *process.Host) error {
		conn, err := host.Pipe(rpc.DefaultClientConfig("self"))
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.HandleFunc("/call", func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			<-host.Stopping()
			if _, err := healthpb.NewHealthClient(conn).Check(r.Context(), &healthpb.HealthCheckRequest{}); err != nil {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		mux.HandleFunc("/stream", func(http.ResponseWriter, *http.Request) {
			close(streaming)
			<-host.Stopping()
		})
		host.HTTP("http", "127.0.0.1:0", mux)
		return nil
	})
	it := run(t, p)
	base := "http://" + it.addresses["http"]
	var group sync.WaitGroup
	group.Go(func() {
		if code, _ := get(t, base+"/call"); code != http.StatusOK {
			t.Errorf("the request under way: %d", code)
		}
	})
	group.Go(func() { get(t, base+"/stream") })
	<-entered
	<-streaming
	it.stop()
	group.Wait()
	if err := it.wait(t); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestNoLineBeforeItIsReady(t *testing.T) {
	var asked atomic.Int32
	p, _ := program(func(_ context.Context, host *process.Host) error {
		host.Needs(func(context.Context) error {
			if asked.Add(1) < 5 {
				return errors.New("the store is opening")
			}
			return nil
		})
		return nil
	})
	it := run(t, p)
	if asked.Load() < 5 {
		t.Error("it said it was ready while it was not")
	}
	it.stop()
	if err := it.wait(t); err != nil {
		t.Error(err)
	}
}

func TestStartThatFailsClosesWhatItOpened(t *testing.T) {
	closed := false
	p, _ := program(func(_ context.Context, host *process.Host) error {
		host.OnStop(func(context.Context) error { closed = true; return nil })
		return errors.New("no such database")
	})
	if err := p.Run(t.Context(), nil, io.Discard); err == nil || !strings.Contains(err.Error(), "no such database") || !closed {
		t.Errorf("got %v, closed %v", err, closed)
	}
}

func TestAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	p, _ := program(func(context.Context, *process.Host) error { return nil })
	err = p.Run(t.Context(), []string{"--admin=" + taken.Addr().String()}, io.Discard)
	if f, ok := fault.As(err); !ok || f.Violations[0].Field != "admin" {
		t.Errorf("got %v", err)
	}
}

func TestArguments(t *testing.T) {
	started := false
	p, _ := program(func(context.Context, *process.Host) error { started = true; return nil })
	for _, args := range [][]string{{"--lisen=x"}, {"serve"}, {"--listen=x", "--telemetry-log-level=loud"}, {"--config=none.yaml"}} {
		p.Config = &settings{Settings: process.Defaults()}
		if err := p.Run(t.Context(), args, io.Discard); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", args, err)
		}
	}
	var out bytes.Buffer
	if err := p.Run(t.Context(), []string{"--version"}, &out); err != nil || out.String() != "kehu-test 1.2.3\n" {
		t.Errorf("version: %q, %v", out.String(), err)
	}
	out.Reset()
	if err := p.Run(t.Context(), []string{"--help"}, &out); err != nil || !strings.Contains(out.String(), "--grpc-max-receive") {
		t.Errorf("help: %q, %v", out.String(), err)
	}
	if started {
		t.Error("it started all the same")
	}
}

// The whole of Main, in a process of its own.
func TestMainEndsOnSIGTERM(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kehu.yaml")
	if err := os.WriteFile(file, []byte("telemetry: {log_format: json}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0])
	command.Env = append(os.Environ(), "KEHU_PROCESS_TEST_MAIN=1", "KEHU_TEST_CONFIG="+file)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "kehu-test 1.2.3 ready: grpc=127.0.0.1:") {
		t.Errorf("ready line %q, %v", line, err)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestMainReportsEverySettingThatIsWrong(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0], "--listen=nowhere", "--grpc-stop-timeout=soon")
	command.Env = append(os.Environ(), "KEHU_PROCESS_TEST_MAIN=1")
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("it ended with %v", err)
	}
	for _, want := range []string{"2 settings are wrong", "listen: must be HOST:PORT", "--grpc-stop-timeout: must be a duration"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

func TestBackgroundWorkEndsWithTheProcess(t *testing.T) {
	ended := make(chan struct{})
	p, _ := program(func(_ context.Context, host *process.Host) error {
		host.Background(func(ctx context.Context) error {
			defer close(ended)
			<-ctx.Done()
			return ctx.Err()
		})
		host.OnStop(func(context.Context) error {
			select {
			case <-ended:
				return nil
			default:
				return errors.New("background work still runs")
			}
		})
		return nil
	})
	it := run(t, p)
	it.stop()
	if err := it.wait(t); err != nil {
		t.Error(err)
	}
}

func TestBackgroundWorkThatFailsStopsTheProcess(t *testing.T) {
	fail := make(chan struct{})
	broken := errors.New("the disk is gone")
	p, _ := program(func(_ context.Context, host *process.Host) error {
		host.Background(func(context.Context) error {
			<-fail
			return broken
		})
		return nil
	})
	it := run(t, p)
	close(fail)
	if err := it.wait(t); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
