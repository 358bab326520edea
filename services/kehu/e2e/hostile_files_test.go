package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	header = "order_id,customer_id,order_time,amount,currency\n"
	good   = header + "1,a,2024-01-01,10.00,USD\n"
)

// hostileFile is a file that must be refused, whole or in the rows that are bad.
type hostileFile struct {
	name, content string
	code          int      // 0 where the good rows are analysed
	says          []string // what must be said, in the answer or beside it
}

func hostileFiles(t *testing.T) []hostileFile {
	return []hostileFile{
		{"empty", "", 2, []string{"empty"}},
		{"header only", header, 2, []string{"no order"}},
		{"no header", "1,a,2024-01-01,10.00,USD\n2,a,2024-01-01,10.00,USD\n", 2, []string{"name the columns"}},
		{"misspelt column", strings.Replace(good, "customer_id", "custmer_id", 1), 2, []string{"customer_id"}},
		{"missing column", "order_id,customer_id,order_time\n1,a,2024-01-01\n", 2, []string{"amount"}},
		{"duplicate column", strings.Replace(good, "currency", "amount", 1), 2, []string{"amount"}},
		{"column too many", good + "2,a,2024-01-01,10.00,USD,more\n", 0, []string{"row", "refused"}},
		{"ragged row", good + "2,a,2024-01-01\n", 0, []string{"row", "refused"}},
		{"all rows ragged", header + "2,a,2024-01-01\n", 2, []string{"row 1"}},
		{"unclosed quote", header + "\"1,a,2024-01-01,10.00,USD\n2,a,2024-01-01,10.00,USD\n", 0, []string{"quote"}},
		{"quote open for a megabyte", header + "\"1,a,2024-01-01,10.00,USD\n" + manyRows(60_000), 0, []string{"quote"}},
		{"quote in a bare field", good + "2,a\"b,2024-01-01,10.00,USD\n", 0, []string{"refused", "quote"}},
		{"CR and CRLF mixed", strings.ReplaceAll(good, "\n", "\r\n") + "2,a,2024-01-02,1.00,USD\n3,a,2024-01-03,1.00,USD\r\n", 0, []string{"3 = 3 order rows"}},
		{"NUL", good + "2,a\x00,2024-01-01,10.00,USD\n", 0, []string{"refused"}},
		{"10 MiB field", good + "2," + strings.Repeat("a", 10<<20) + ",2024-01-01,10.00,USD\n", 2, []string{"row 2", "MiB"}},
		{"one long line", header + strings.Repeat("a", 8<<20), 2, []string{"row 1", "MiB"}},
		{"10 million columns", strings.Repeat("a,", 10_000_000) + "\n", 2, []string{"MiB"}},
		{"2,000 columns", strings.Repeat("a,", 2000) + "order_id\n", 2, []string{"columns"}},
		{"formula", good + "=cmd|' /C calc'!A0,a,2024-01-01,10.00,USD\n2,a,2024-01-01,=1+1,USD\n", 0, []string{"refused"}},
		{"the same order twice", good + "1,a,2024-01-01,10.00,USD\n", 0, []string{"refused", "1"}},
		{"UTF-16", "\xff\xfeo\x00r\x00d\x00", 2, []string{"UTF"}},
		{"GB18030 and UTF-8 mixed", "order_id,customer_id,order_time,amount,currency,备注\n1,a,2024-01-01,1.00,USD,\xb1\xb8\xd7\xa2\n", 0, []string{"refused"}},
		{"no currency", "order_id,customer_id,order_time,amount\n1,a,2024-01-01,10.00\n", 2, []string{"--currency"}},
		{"amount in words", good + "2,a,2024-01-01,ten,USD\n", 0, []string{"refused", "amount"}},
		{"zip", "PK\x03\x04" + strings.Repeat("\x00\x01", 5000), 2, []string{"zip"}},
		{"zip of a file", string(zipped(t, map[string]int{"orders.csv": 100})), 2, []string{"unpack"}},
		{"picture", "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\xff", 5000), 2, []string{"CSV"}},
		{"gzip", "\x1f\x8b\x08\x00" + strings.Repeat("\x00\xff", 5000), 2, []string{"CSV"}},
		{"PDF", "%PDF-1.7\n" + strings.Repeat("\xe2\xe3 obj\n", 5000), 2, []string{"CSV"}},
		{"xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 5000), 2, []string{".xlsx"}},
		{"workbook that is a bomb", string(zipped(t, map[string]int{"xl/workbook.xml": 100, "xl/worksheets/sheet1.xml": 300 << 20})), 2, []string{"unzips", "save the sheet as CSV"}},
		{"workbook of nothing", string(xlsxOf(t, nil)), 2, []string{"anything on it"}},
		{"workbook of other things", string(xlsxOf(t, [][]string{{"a", "b"}, {"c", "d"}})), 2, []string{"--map"}},
		{"rounded order number", good + "1.23457E+18,a,2024-01-01,10.00,USD\n", 0, []string{"refused", "rounded"}},
	}
}

// manyRows are good rows.
func manyRows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "order-%d,a,2024-01-01,10.00,USD\n", i)
	}
	return b.String()
}

// zipped is an archive of parts of so many zeros.
func zipped(t *testing.T, parts map[string]int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, size := range parts {
		part, err := w.Create(name)
		if err == nil {
			_, err = io.CopyN(part, zeros{}, int64(size))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestHostileFiles gives files that must be refused whole, or whose bad rows must be
// named, by the way in that people use: analyze.
func TestHostileFiles(t *testing.T) {
	for _, c := range hostileFiles(t) {
		t.Run(c.name, func(t *testing.T) {
			path := t.TempDir() + "/orders.csv"
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			out, errs, code := bounded(t, 20*time.Second, 300, "analyze", path)
			if code != c.code {
				t.Errorf("exit %d, want %d; says\n%s%s", code, c.code, out, errs)
			}
			for _, s := range c.says {
				if !strings.Contains(strings.ToLower(out+errs), strings.ToLower(s)) {
					t.Errorf("does not say %q:\n%s%s", s, out, errs)
				}
			}
			if strings.Contains(errs, "panic") || strings.Contains(errs, "internal error") {
				t.Errorf("fell over:\n%s", errs)
			}
		})
	}
}

// TestGiganticLine is a file of a gibibyte without a line's end.
func TestGiganticLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(good + "2,a")
	if err == nil {
		err = file.Truncate(1 << 30) // it takes no room on the disk
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, errs, code := bounded(t, time.Minute, 300, "analyze", path)
	if code != 2 || !strings.Contains(errs, "row 2") {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

// TestHostileFilesLeaveNothing sends them to a server, which must hold nothing of
// those that were refused whole.
func TestHostileFilesLeaveNothing(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	before := residentMiB(t, s)
	for _, c := range hostileFiles(t) {
		if c.code != 2 || strings.Contains(c.name, "long") || strings.Contains(c.name, "10 MiB") || c.name == "header only" || c.name == "all rows ragged" {
			continue // rows before the bad one are kept, and the import says so
		}
		path := save(t, "orders.csv", []byte(c.content))
		if out, errs, code := kehu(t, "import", "orders", path, "--server", s.addresses["grpc"]); code != 2 || out != "" {
			t.Errorf("%s: exit %d\n%s%s", c.name, code, out, errs)
		}
	}
	api := client{t, "http://" + s.addresses["http"]}
	for what, path := range map[string]string{"customers": "/v1/customers", "imports": "/v1/imports"} {
		if n := len(api.get(path).list(what)); n != 0 {
			t.Errorf("%d %s are there", n, what)
		}
	}
	if grown := residentMiB(t, s) - before; grown > 64 {
		t.Errorf("the server has grown by %d MiB", grown)
	}
}

// bounded runs the command line, which must end in time, within so many MiB of
// memory, and leave no temporary file.
func bounded(t *testing.T, most time.Duration, mib int64, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	temporary := t.TempDir()
	command := exec.Command(filepath.Join(bin, "kehu"), args...)
	command.Env = append(os.Environ(), "TMPDIR="+temporary)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	begun := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	peak := watchPeak(command.Process.Pid, ended)
	_ = command.Wait() // how it ended is in ProcessState
	close(ended)
	if took := time.Since(begun); took > most {
		t.Errorf("took %s", took)
	}
	if took := <-peak; took > mib {
		t.Errorf("took %d MiB of memory", took)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

// watchPeak looks every few milliseconds at the most memory that a process has had
// resident, and tells the last it saw, in MiB, once it has ended; 0 where the
// system does not say. The kernel's own figure for children begins at what the
// parent had, which holds all these files.
func watchPeak(pid int, ended <-chan struct{}) <-chan int64 {
	told := make(chan int64, 1)
	go func() {
		ticks := time.NewTicker(5 * time.Millisecond)
		defer ticks.Stop()
		var peak int64
		for {
			if kib, err := statusKiB(pid, "VmHWM"); err == nil {
				peak = kib >> 10
			}
			select {
			case <-ticks.C:
			case <-ended:
				told <- peak
				return
			}
		}
	}()
	return told
}
