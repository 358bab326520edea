package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// built is the folder of a kehu command made for this run, "" until there is one.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// kehuCommand is the kehu command in the folder KEHU_BIN, or one built here.
func kehuCommand(b *testing.B) string {
	b.Helper()
	if dir := os.Getenv("KEHU_BIN"); dir != "" {
		path, err := filepath.Abs(filepath.Join(dir, "kehu"))
		must(b, err)
		return path
	}
	if built == "" {
		dir, err := os.MkdirTemp("", "kehu-bench-") //nolint:usetesting // it serves several benchmarks
		must(b, err)
		built = dir
		build := exec.CommandContext(b.Context(), "go", "build", "-o", dir, "github.com/kehuhq/kehu/services/kehu/cmd/kehu")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does it
		out, err := build.CombinedOutput()
		if err != nil {
			b.Fatalf("build kehu: %v\n%s", err, out)
		}
	}
	return filepath.Join(built, "kehu")
}

// BenchmarkAnalyze runs `kehu analyze` on files of two lengths and reports the
// peak of its resident memory, in MiB, which should not grow with the file.
func BenchmarkAnalyze(b *testing.B) {
	kehu := kehuCommand(b)
	for _, rows := range []int{fileRows, largeRows} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			path := file(b, rows, byTime)
			var peak, seconds []float64
			for b.Loop() {
				command := exec.CommandContext(b.Context(), kehu, "analyze", path, "--as-of", "2025-07-01", "--format", "json")
				var out bytes.Buffer
				command.Stdout, command.Stderr = &out, os.Stderr
				var mib float64
				seconds = append(seconds, timed(func() { mib = runWatched(b, command) }).Seconds())
				peak = append(peak, mib)
				checkOrders(b, out.Bytes(), rows)
			}
			b.ReportMetric(median(peak), "peak-MiB")
			b.ReportMetric(512, "aim-MiB")
			b.ReportMetric(float64(rows)/median(seconds), "rows/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// checkOrders sees to it that a report as JSON is about so many orders.
func checkOrders(b *testing.B, report []byte, want int) {
	b.Helper()
	var found struct{ Orders int }
	must(b, json.Unmarshal(report, &found))
	if found.Orders != want {
		b.Fatalf("%d orders were analysed, want %d", found.Orders, want)
	}
}

// runWatched runs a command and returns the peak of its resident memory in MiB.
// The usage that the system tells of a process that has ended is of no use here:
// it is at least what this process had when it started the other.
func runWatched(b *testing.B, command *exec.Cmd) (peak float64) {
	b.Helper()
	must(b, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			must(b, err)
			return peak
		case <-look.C:
			peak = max(peak, peakMiB(command.Process.Pid))
		}
	}
}

// BenchmarkServe starts `kehu serve` on a new store and reports how long it takes
// from there to its ready line, in seconds, and the peak of its resident memory
// until it has answered that it is ready, in MiB.
func BenchmarkServe(b *testing.B) {
	kehu := kehuCommand(b)
	var ready, resident []float64
	for b.Loop() {
		seconds, mib := startIdle(b, kehu)
		ready, resident = append(ready, seconds), append(resident, mib)
	}
	b.ReportMetric(median(ready), "ready-s")
	b.ReportMetric(1, "aim-s")
	b.ReportMetric(median(resident), "idle-MiB")
	b.ReportMetric(150, "aim-MiB")
	b.ReportMetric(0, "ns/op")
}

func startIdle(b *testing.B, kehu string) (readySeconds, residentMiB float64) {
	b.Helper()
	command := exec.CommandContext(b.Context(), kehu, "serve", "--data", b.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	stdout, err := command.StdoutPipe()
	must(b, err)
	start := time.Now()
	must(b, command.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	readySeconds = time.Since(start).Seconds()
	if err != nil {
		b.Fatalf("kehu serve said %q: %v", line, err)
	}
	url := ""
	for _, word := range strings.Fields(line) {
		if address, ok := strings.CutPrefix(word, "http="); ok {
			url = "http://" + address + "/readyz"
		}
	}
	response, err := http.Get(url)
	must(b, err)
	must(b, response.Body.Close())
	if response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s", url, response.Status)
	}
	residentMiB = peakMiB(command.Process.Pid)
	must(b, command.Process.Signal(syscall.SIGTERM))
	must(b, command.Wait())
	return readySeconds, residentMiB
}

// peakMiB is the largest resident memory that a running process has had, in MiB;
// 0 when it has ended, or where the system does not tell.
func peakMiB(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if text, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.ParseFloat(strings.Fields(text)[0], 64)
			return kib / 1024
		}
	}
	return 0
}
