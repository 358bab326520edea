package refdata_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/refdata"
)

// recorder is a test that only notes how it would have ended.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// ended runs f as a test of its own.
func ended(t *testing.T, f func(testing.TB)) *recorder {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

func TestWithoutTheFolderATestIsSkippedLoudly(t *testing.T) {
	t.Setenv(refdata.Environment, filepath.Join(t.TempDir(), "none"))
	r := ended(t, func(t testing.TB) { refdata.Path(t, "data/iris.csv") })
	if r.failed != "" || !strings.HasPrefix(r.skipped, "SKIPPED: ") || !strings.Contains(r.skipped, refdata.Environment) {
		t.Errorf("skipped %q, failed %q", r.skipped, r.failed)
	}
}

func TestAFileThatIsMissingFails(t *testing.T) {
	t.Setenv(refdata.Environment, t.TempDir())
	r := ended(t, func(t testing.TB) { refdata.CSV(t, "data/irises.csv") })
	if r.skipped != "" || !strings.Contains(r.failed, "irises.csv") {
		t.Errorf("skipped %q, failed %q", r.skipped, r.failed)
	}
}

// The default is beside the repository, from whichever package it is asked.
func TestTheFolderIsBesideTheRepository(t *testing.T) {
	clone := t.TempDir()
	deep := filepath.Join(clone, "kehu", "services", "some")
	for _, folder := range []string{deep, filepath.Join(clone, "shared", "reference")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{"kehu/go.work": "", "shared/reference/f.json": `{"k": 3}`, "shared/table.csv": "a,b\n1,2\n"} {
		if err := os.WriteFile(filepath.Join(clone, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(refdata.Environment, "")
	t.Chdir(deep)
	var figures struct{ K int }
	refdata.JSON(t, "reference/f.json", &figures)
	if rows := refdata.CSV(t, "table.csv"); figures.K != 3 || len(rows) != 2 || rows[1][1] != "2" {
		t.Errorf("read %+v and %q", figures, rows)
	}
	t.Chdir(t.TempDir())
	if r := ended(t, func(t testing.TB) { refdata.Path(t, "table.csv") }); !strings.Contains(r.failed, "no clone") {
		t.Errorf("outside of any clone: skipped %q, failed %q", r.skipped, r.failed)
	}
}
