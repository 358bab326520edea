package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal is a pseudo-terminal: what a person types into and reads, and the
// side that a program has.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	var number, locked int32
	for request, value := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(value))); failed != 0 {
			t.Fatal(failed)
		}
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return person, program
}

// TestAPersonIsAsked runs the command line on a terminal, where it asks whether a
// guess is right.
func TestAPersonIsAsked(t *testing.T) {
	export := save(t, "export.csv", csvOf(t, taobao(sales(9, 20)), ','))
	for _, c := range []struct {
		name, types string
		args        []string
		asked       bool
		code        int
	}{
		{"yes", "y\n", nil, true, 0},
		{"enter", "\n", nil, true, 0},
		{"no", "n\n", nil, true, 1},
		{"end of input", "\x04", nil, true, 1},
		{"interrupt", "\x03", nil, true, 1},
		{"--yes", "", []string{"--yes"}, false, 0},
		{"preset named", "", []string{"--preset", "taobao"}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			person, program := terminal(t)
			command := exec.Command(filepath.Join(bin, "kehu"), append([]string{"analyze", export, "--format", "json"}, c.args...)...)
			var out bytes.Buffer
			command.Stdin, command.Stdout, command.Stderr = program, &out, program
			command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			_ = program.Close()
			late := time.AfterFunc(time.Minute, func() { _ = command.Process.Kill() })
			defer late.Stop()
			shown := converse(t, person, "[Y/n]", c.types)
			err := command.Wait()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := command.ProcessState.ExitCode(); code != c.code || strings.Contains(shown, "[Y/n]") != c.asked || !strings.Contains(shown, "订单编号") {
				t.Errorf("exit %d, want %d; shown:\n%s", code, c.code, shown)
			}
			if c.code != 0 && (out.Len() > 0 || strings.Contains(shown, "importing")) {
				t.Errorf("something was read after a no:\n%s%s", shown, out.String())
			}
		})
	}
}

// converse reads what the program shows to its end, and types once it has asked.
func converse(t *testing.T, person *os.File, question, types string) string {
	t.Helper()
	var shown bytes.Buffer
	buffer := make([]byte, 4096)
	for {
		n, err := person.Read(buffer)
		shown.Write(buffer[:n])
		if types != "" && strings.Contains(shown.String(), question) {
			if _, err := person.WriteString(types); err != nil {
				t.Fatal(err)
			}
			types = ""
		}
		if err != nil {
			return shown.String() // the program has closed its side
		}
	}
}
