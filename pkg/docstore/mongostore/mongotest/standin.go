package mongotest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	standinFolder = "deploy/mongo-standin"
	standinJar    = "mongo-standin.jar"
)

// Standin is a running stand-in. It holds its data in memory: a new one is empty.
type Standin struct {
	URI  string
	Port int

	process *exec.Cmd
	stdin   io.Closer // kept open: the process ends when it closes, hence when we end
}

// Start runs a stand-in of the test's own, on a given port or, with port 0, on
// a free one. It is stopped when the test ends. Without the stand-in the test is
// skipped, or fails if CI is set.
func Start(t testing.TB, port int) *Standin {
	t.Helper()
	needStandin(t)
	s, err := start(port)
	if err != nil {
		t.Fatalf("starting the MongoDB stand-in: %v", err)
	}
	t.Cleanup(s.Kill)
	return s
}

// Kill ends the process at once, as a crash would, and waits until it is gone.
// To kill it twice does no harm.
func (s *Standin) Kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait() // closes stdin too
}

// HangUp closes the process's input, as our own end would, and waits until it has
// gone.
func (s *Standin) HangUp(patience time.Duration) error {
	late := time.AfterFunc(patience, func() { _ = s.process.Process.Kill() })
	defer late.Stop()
	_ = s.stdin.Close()
	return s.process.Wait()
}

func start(port int) (*Standin, error) {
	// Small and quick to start: tests share the machine.
	c := exec.Command("java", "-Xmx768m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", jar(), strconv.Itoa(port))
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	s := &Standin{process: c, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if err != nil || !ok {
		s.Kill()
		return nil, fmt.Errorf("it said %q instead of where it listens: %w", line, errors.Join(err, io.ErrUnexpectedEOF))
	}
	_, number, _ := strings.Cut(address, ":")
	s.URI = "mongodb://" + address + "/"
	s.Port, err = strconv.Atoi(number)
	return s, err
}

// jar is where the stand-in is, or would be. KEHU_TEST_MONGODB_STANDIN names the
// jar or its folder.
func jar() string {
	path := os.Getenv("KEHU_TEST_MONGODB_STANDIN")
	if path == "" {
		path = filepath.Join(root(), standinFolder, "target")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() || filepath.Ext(path) != ".jar" {
		path = filepath.Join(path, standinJar)
	}
	return path
}

// root is the repository's root: the folder above the test's that holds the
// stand-in's source.
func root() string {
	wd, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, standinFolder, "pom.xml")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return wd
		}
	}
}
