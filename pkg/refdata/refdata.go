// Package refdata finds the reference data that tests hold their figures against:
// public data sets in data/, and in reference/ what independent tools made of them.
// They are no part of the repository. Only tests import this package.
package refdata

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Environment names the folder that holds data/ and reference/. Without it, it is the
// folder shared beside the repository.
const Environment = "KEHU_TESTDATA"

// Path is where a file such as data/iris.csv is.
//
// Without the whole folder the test is skipped, which .ci/test counts and tells, and
// which fails with CI set. A folder that is there without the file fails the test.
func Path(t testing.TB, name string) string {
	t.Helper()
	folder := os.Getenv(Environment)
	if folder == "" {
		folder = filepath.Join(filepath.Dir(root(t)), "shared")
	}
	if _, err := os.Stat(folder); os.IsNotExist(err) {
		t.Skipf("SKIPPED: no reference data in %s: set %s to their folder", folder, Environment)
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the reference data in %s lack a file: %v", folder, err)
	}
	return path
}

// Bytes are those of a file.
func Bytes(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// JSON reads a file of figures into a value.
func JSON(t testing.TB, name string, into any) {
	t.Helper()
	if err := json.Unmarshal(Bytes(t, name), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// CSV reads a table: its first row are the names of the columns.
func CSV(t testing.TB, name string) [][]string {
	t.Helper()
	file, err := os.Open(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rows
}

// root is the repository's: go test runs in the folder of the package.
func root(t testing.TB) string {
	t.Helper()
	start, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.work")); err == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			t.Fatalf("%s is in no clone of the repository: set %s to the folder of the reference data", start, Environment)
		}
	}
}
