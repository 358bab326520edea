package domain_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func newCode(t interface{ Fatalf(string, ...any) }, random []byte) string {
	code, err := domain.NewCode(bytes.NewReader(random))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return code
}

func drawCode(t *rapid.T) string {
	return newCode(t, rapid.SliceOfN(rapid.Byte(), 9, 9).Draw(t, "random"))
}

func mistyped(err error) bool {
	f, ok := fault.As(err)
	return ok && f.Kind == fault.InvalidArgument && f.Reason == "CODE_MISTYPED" && f.Violations[0].Field == "name"
}

func TestNewCodesAreValid(t *testing.T) {
	seen := map[string]bool{}
	for range 5000 {
		code, err := domain.NewCode(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := domain.ParseCode("name", code)
		if err != nil || parsed != code || len(code) != 10 || strings.Trim(code, alphabet) != "" || seen[code] {
			t.Fatalf("%q: %q, %v, seen %v", code, parsed, err, seen[code])
		}
		seen[code] = true
	}
}

// Exhaustive: the check is linear, so that an error is found in every code if it
// is found in these, which have every symbol at every place.
func TestEveryWrongSymbolIsFound(t *testing.T) {
	for shift := range byte(32) {
		code := newCode(t, []byte{shift, shift + 1, shift + 2, shift + 5, shift + 9, shift + 14, shift + 20, shift + 27, shift + 31})
		for place := range len(code) {
			for _, symbol := range alphabet {
				wrong := code[:place] + string(symbol) + code[place+1:]
				if _, err := domain.ParseCode("name", wrong); wrong != code && !mistyped(err) {
					t.Fatalf("%s for %s: %v", wrong, code, err)
				}
			}
		}
	}
}

func TestEveryExchangeIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := drawCode(t)
		for i := range len(code) {
			for j := range i {
				wrong := []byte(code)
				wrong[i], wrong[j] = wrong[j], wrong[i]
				if _, err := domain.ParseCode("name", string(wrong)); string(wrong) != code && !mistyped(err) {
					t.Fatalf("%s for %s: %v", wrong, code, err)
				}
			}
		}
	})
}

func TestCodesAsPeopleTypeThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := drawCode(t)
		var typed strings.Builder
		for _, r := range code {
			switch rapid.IntRange(0, 5).Draw(t, "how") {
			case 0:
				alike := append(map[rune][]rune{'0': {'O', 'o'}, '1': {'I', 'i', 'L', 'l'}}[r], r)
				r = rapid.SampledFrom(alike).Draw(t, "alike")
			case 1:
				typed.WriteString(rapid.SampledFrom([]string{" ", "-", "  ", "　"}).Draw(t, "gap"))
			case 2:
				typed.WriteString(strings.ToLower(string(r)))
				continue
			case 3:
				r += '！' - '!'
			}
			typed.WriteRune(r)
		}
		got, err := domain.ParseCode("name", typed.String())
		if err != nil || got != code {
			t.Fatalf("%q: %q, %v; want %s", typed.String(), got, err, code)
		}
	})
}

func TestWhatIsNoCodeIsMistyped(t *testing.T) {
	code := newCode(t, make([]byte, 9))
	for _, typed := range []string{
		"", "   ", "-", code[:9], code + "0", strings.Repeat(code, 100), "U" + code[1:], "*" + code[1:], "\x00" + code[1:], "é" + code[1:],
		"\u202e" + code, code + "😀", "\xff" + code[1:], "ſ" + code[1:], "K" + code[1:],
	} {
		if got, err := domain.ParseCode("name", typed); !mistyped(err) {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}

func TestCodeNeedsRandomness(t *testing.T) {
	if code, err := domain.NewCode(strings.NewReader("short")); err == nil {
		t.Errorf("made %q of too little", code)
	}
}
