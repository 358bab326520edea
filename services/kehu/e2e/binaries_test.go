package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// bin is the folder of the binaries: KEHU_BIN, or one they are built into.
var bin string

var binaries = []string{"kehu", "kehu-profile", "kehu-valuation", "kehu-segmentation", "kehu-referral", "kehu-feedback", "kehu-gateway"}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	bin = os.Getenv("KEHU_BIN")
	if bin != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "kehu-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, name := range binaries {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), mainOf(name)).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", name, err, out)
			return 1
		}
	}
	bin = dir
	return m.Run()
}

func mainOf(name string) string {
	return fmt.Sprintf("github.com/kehuhq/kehu/services/%s/cmd/%s", strings.TrimPrefix(name, "kehu-"), name)
}

// server is a running binary that serves.
type server struct {
	name      string
	addresses map[string]string // as its ready line names them: grpc, http, admin
	command   *exec.Cmd
	log       *safeBuffer
	exited    chan struct{}
	result    error // how the process ended, once exited is closed
}

// start runs a server binary and waits for its ready line.
func start(t testing.TB, name string, args ...string) *server {
	t.Helper()
	s, err := launch(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, s.log)
		}
	})
	return s
}

func launch(name string, args ...string) (*server, error) {
	s := &server{name: name, addresses: map[string]string{}, log: &safeBuffer{}, exited: make(chan struct{})}
	s.command = exec.Command(filepath.Join(bin, name), append(args, "--telemetry-log-level", "warn")...)
	s.command.Stderr = s.log
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stdout)
	ready := make(chan string, 1)
	go func() {
		line, _ := lines.ReadString('\n')
		ready <- line
		_, _ = io.Copy(s.log, lines)
		s.result = s.command.Wait()
		close(s.exited)
	}()
	select {
	case line := <-ready:
		_, list, ok := strings.Cut(line, " ready: ")
		if !ok {
			<-s.exited
			return nil, fmt.Errorf("%s did not start: %q\n%s", name, line, s.log)
		}
		for _, pair := range strings.Fields(list) {
			key, address, _ := strings.Cut(pair, "=")
			s.addresses[key] = address
		}
		return s, nil
	case <-time.After(30 * time.Second):
		s.kill()
		return nil, fmt.Errorf("%s is not ready after 30 s\n%s", name, s.log)
	}
}

// kill ends the process at once, as a power cut would.
func (s *server) kill() {
	_ = s.command.Process.Kill()
	<-s.exited
}

// stop asks the process to end and returns how it did.
func (s *server) stop(t testing.TB) error {
	t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.exited:
		return s.result
	case <-time.After(30 * time.Second):
		t.Fatalf("%s does not end after SIGTERM", s.name)
		return nil
	}
}

// kehu runs the command line and returns its output and exit code.
func kehu(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	command := exec.Command(filepath.Join(bin, "kehu"), args...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
