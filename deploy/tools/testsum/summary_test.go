package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func summarise(t *testing.T, events ...string) (out string, skips string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "skips")
	var b strings.Builder
	err = run(strings.NewReader(strings.Join(events, "\n")), &b, path)
	said, readErr := os.ReadFile(path)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return b.String(), string(said), err
}

const (
	passing  = `{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestA"}`
	packPass = `{"Action":"output","Package":"p","Output":"PASS\n"}` + "\n" + `{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}` + "\n" + `{"Action":"pass","Package":"p"}`
	packFail = `{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}` + "\n" + `{"Action":"fail","Package":"p"}`
)

func TestPassingRunShowsOnlyThePackagesAndTheTotal(t *testing.T) {
	out, skips, err := summarise(t, passing, packPass)
	if err != nil {
		t.Fatal(err)
	}
	if want := "ok  \tp\t0.1s\ntests: 1 passed, 0 failed, 0 skipped\n"; out != want {
		t.Errorf("printed %q, want %q", out, want)
	}
	if skips != "" {
		t.Errorf("skips = %q, want none", skips)
	}
}

func TestFailingTestIsShownWhole(t *testing.T) {
	out, _, err := summarise(t, passing,
		`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: got 1, want 2\n"}`,
		`{"Action":"output","Package":"p","Test":"TestB","Output":"--- FAIL: TestB (0.00s)\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestB"}`, packFail)
	if err == nil {
		t.Error("a failing test gave no error")
	}
	if !strings.Contains(out, "got 1, want 2") || !strings.Contains(out, "--- FAIL: TestB") || strings.Contains(out, "chatter") {
		t.Errorf("printed %q", out)
	}
}

// A test that panics or times out sends no event of its own.
func TestOutputOfAnUnfinishedTestIsShownWhenItsPackageFails(t *testing.T) {
	out, _, err := summarise(t, passing,
		`{"Action":"output","Package":"p","Test":"TestC","Output":"panic: out of range\n"}`, packFail)
	if err == nil || strings.Count(out, "panic: out of range") != 1 {
		t.Errorf("error %v, printed %q", err, out)
	}
}

func TestBrokenBuildFails(t *testing.T) {
	out, _, err := summarise(t, passing, packPass,
		`{"ImportPath":"q","Action":"build-output","Output":"q.go:3: undefined: x\n"}`,
		`{"ImportPath":"q","Action":"build-fail"}`,
		`{"Action":"output","Package":"q","Output":"FAIL\tq [build failed]\n"}`,
		`{"Action":"fail","Package":"q","FailedBuild":"q"}`)
	if err == nil || !strings.Contains(out, "undefined: x") || !strings.Contains(out, "FAIL\tq [build failed]") {
		t.Errorf("error %v, printed %q", err, out)
	}
}

func TestSkipIsListedWithItsReason(t *testing.T) {
	out, skips, err := summarise(t, passing,
		`{"Action":"output","Package":"p","Test":"TestMongo","Output":"=== RUN   TestMongo\n"}`,
		`{"Action":"output","Package":"p","Test":"TestMongo","Output":"    m_test.go:9: no server: set KEHU_TEST_MONGODB_URI\n"}`,
		`{"Action":"output","Package":"p","Test":"TestMongo","Output":"--- SKIP: TestMongo (0.00s)\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestMongo"}`, packPass)
	if err != nil {
		t.Fatal(err)
	}
	if want := "p TestMongo: m_test.go:9: no server: set KEHU_TEST_MONGODB_URI\n"; skips != want {
		t.Errorf("skips = %q, want %q", skips, want)
	}
	if !strings.HasSuffix(out, "tests: 1 passed, 0 failed, 1 skipped\n") {
		t.Errorf("printed %q", out)
	}
}

func TestRunWithoutTestsFails(t *testing.T) {
	if _, _, err := summarise(t, `{"Action":"output","Package":"p","Output":"?   \tp\t[no test files]\n"}`,
		`{"Action":"skip","Package":"p"}`); err == nil {
		t.Error("a run in which no test passed gave no error")
	}
}

func TestMessagesOfTheGoCommandPassThrough(t *testing.T) {
	out, _, _ := summarise(t, "go: finding module", passing, packPass)
	if !strings.HasPrefix(out, "go: finding module") {
		t.Errorf("printed %q", out)
	}
}
