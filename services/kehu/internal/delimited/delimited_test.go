package delimited_test

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/delimited"
)

// endless is one row that never ends; it counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestRowWithoutEnd(t *testing.T) {
	for _, begin := range []string{"a,b\n1,\"", "a,b\n1,"} {
		var more endless
		r := delimited.NewReader(io.MultiReader(strings.NewReader(begin), &more), "", true)
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); fault.ReasonOf(err) != "ROW_TOO_LONG" || more.read > 2*delimited.LongestRow {
			t.Errorf("%q: %v after %d bytes", begin, err, more.read)
		}
	}
}

func TestDelimiterIsToldFromTheHeader(t *testing.T) {
	for text, want := range map[string][]string{
		"\ufeffa,b;c\n":  {"a", "b;c"},
		"a;b;c,d\n":      {"a", "b", "c,d"},
		"a\tb":           {"a", "b"},
		"\"a;b;c\",d\n":  {"a;b;c", "d"},
		"a\r\n1;2;3;4;5": {"a"},
	} {
		got, err := delimited.NewReader(strings.NewReader(text), "", false).Next()
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got, err := delimited.NewReader(strings.NewReader("a,b;c"), ";", false).Next(); err != nil || len(got) != 2 {
		t.Errorf("%q, %v", got, err)
	}
}

// A quote out of place spoils its own row.
func TestReadingGoesOnBehindAMalformedRow(t *testing.T) {
	r := delimited.NewReader(strings.NewReader("a,b\n1,\"2\" x\n3,4\n"), "", false)
	var malformed *csv.ParseError
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); !errors.As(err, &malformed) {
		t.Errorf("%v", err)
	}
	if got, err := r.Next(); err != nil || got[0] != "3" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}
