package sheet

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// lines reads a file of JSON lines in chunks, on from the mark behind each row where
// broken is set.
func lines(t interface{ Fatal(...any) }, text string, chunk int, broken bool) (all []string) {
	fold := strings.ToLower
	titles := []string{"id", "buyer.phone", "items.sku"}
	mark, format, at := Mark{}, Format{}, 0
	for {
		r, err := NewReader(mark, format)
		if err != nil {
			t.Fatal(err)
		}
		r.ExpectPaths(titles, fold)
		again := false
		for at < len(text) && !again {
			end := min(at+chunk, len(text))
			r.Feed([]byte(text[at:end]), end == len(text))
			at = end
			for {
				row, err := r.Next()
				if err != nil {
					break
				}
				told := fmt.Sprintf("%d %q %q %d", row.Number, row.Fields, row.Parts, len(row.Others))
				if row.Fault != nil {
					told = fmt.Sprintf("%d %s", row.Number, row.Fault.Reason)
				}
				if row.Number > 0 {
					all = append(all, told)
				}
			}
			if broken && at < len(text) {
				if mark, err = r.Mark(); err != nil {
					t.Fatal(err)
				}
				if mark.Offset > 0 {
					format, at, again = r.Format(), int(mark.Offset), true
				}
			}
		}
		if !again {
			return all
		}
	}
}

func TestJSONLines(t *testing.T) {
	long := `{"id":"` + strings.Repeat("x", 10<<20) + `"}`
	text := "\xef\xbb\xbf\n" + strings.Join([]string{
		`{"id":1,"Buyer":{"phone":"138","name":"x"},"items":[{"sku":"a"},{"sku":"b","n":2}]}`,
		long,
		"  ",
		`{"id":"2","buyer.phone":"139"}`,
		`{"id":"3","ID":"4"}`,
		`{"id":"3","buyer":{"phone":"1"},"buyer.phone":"2"}`,
		`{"id":`, `null`, `{"id":"\ud800"}`, `{"id":"\ufffd"}`, `{"id":5}{}`,
		strings.Repeat(`{"id":`, 100) + "1" + strings.Repeat("}", 100),
		strings.Repeat(`[`, 20_000),
		long,
		`{"id":"last","items":[1]}`,
	}, "\r\n")
	want := []string{
		`1 ["1" "138" ""] [["" "" "a"] ["" "" "b"]] 2`, "2 ROW_TOO_LONG", `3 ["2" "139" ""] [] 0`,
		"4 JSON_KEY_TWICE", "5 JSON_KEY_TWICE", "6 JSON_MALFORMED", "7 JSON_MALFORMED", "8 JSON_MALFORMED",
		`9 ["�" "" ""] [] 0`, "10 JSON_MALFORMED", "11 JSON_MALFORMED", "12 JSON_MALFORMED", "13 ROW_TOO_LONG", `14 ["last" "" ""] [] 1`,
	}
	for _, chunk := range []int{1 << 16, 2 << 20, len(text)} {
		for _, broken := range []bool{false, true} {
			if got := lines(t, text, chunk, broken && chunk > 1<<20); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("in chunks of %d, %v:\n%s\nwant:\n%s", chunk, broken, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

// However a file is cut into chunks, its lines are the same.
func TestJSONLinesInAnyChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{`{"id":1}`, `{"id":"二"}`, "\n", "\r\n", " ", `{"id"`, "{}", "[", "\x00", "\xff", `{"buyer":{"phone":[1]}}`})
		text := `{"id":0}` + "\n" + strings.Join(rapid.SliceOfN(part, 0, 30).Draw(t, "parts"), "")
		want := lines(t, text, len(text), false)
		got := lines(t, text, rapid.IntRange(1, 40).Draw(t, "chunk"), false)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%q:\n%s\nwant:\n%s", text, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
