package upload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

const (
	unknown = profilev1.FileEncoding_FILE_ENCODING_UNSPECIFIED
	isUTF8  = profilev1.FileEncoding_FILE_ENCODING_UTF8
	isGB    = profilev1.FileEncoding_FILE_ENCODING_GB18030
)

// tell gives content in pieces of the length given.
func tell(content string, length int) profilev1.FileEncoding {
	e := newEncodings()
	for len(content) > length {
		e.add([]byte(content[:length]))
		content = content[length:]
	}
	e.add([]byte(content))
	return e.encoding()
}

func TestEncodings(t *testing.T) {
	gb := func(s string) string {
		text, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, c := range []struct {
		name, content string
		want          profilev1.FileEncoding
	}{
		{"empty", "", isUTF8},
		{"ASCII", "order_id,amount\n1,2\n", isUTF8},
		{"UTF-8", "订单编号,金额 😀\n", isUTF8},
		{"UTF-8 with a mark", "\ufeff订单编号", isUTF8},
		{"GB18030", gb("订单编号,金额\n"), isGB},
		{"GB18030 of four bytes", gb("名字,㐀😀\n"), isGB},
		{"GB18030 far behind", strings.Repeat("1,2\n", 100_000) + gb("张三"), isGB},
		{"UTF-8 cut in a character", "订单编,号"[:12], unknown},
		{"GB18030 cut in a character", gb("订单编")[:5], unknown},
		{"a mark, then GB18030", "\ufeff" + gb("订单编号"), unknown},
		{"Latin-1", "caf\xe9\n", unknown},
		{"UTF-16", "\xff\xfeo\x00r\x00", unknown},
		{"surrogate", "\xed\xa0\x80", unknown},
	} {
		for _, length := range []int{1, 2, 3, 5, 1 << 20} {
			if got := tell(c.content, length); got != c.want {
				t.Errorf("%s in pieces of %d: %v, want %v", c.name, length, got, c.want)
			}
		}
	}
}

// TestEncodingOfAnyBytes holds the answer against the library's for the whole.
func TestEncodingOfAnyBytes(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[一-龥a-z,\n]{0,20}`))
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		if rapid.Bool().Draw(t, "gb") {
			if encoded, err := simplifiedchinese.GB18030.NewEncoder().String(s); err == nil {
				if got := tell(encoded, 3); got == unknown && !strings.HasPrefix(encoded, "\ufeff") {
					t.Fatalf("%q encoded is unknown", s)
				}
				s = encoded
			}
		}
		if rapid.Bool().Draw(t, "spoilt") {
			s += string(rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "bytes"))
		}
		length := rapid.IntRange(1, 40).Draw(t, "length")
		if got := tell(s, length); (got == isUTF8) != utf8.ValidString(s) || got != tell(s, 1<<20) {
			t.Fatalf("%q in pieces of %d: %v, as a whole %v", s, length, got, tell(s, 1<<20))
		}
	})
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Check(path, progress.Reporter{})
	if err != nil {
		t.Fatal(err)
	}
	want := Checked{SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Bytes: 3, Encoding: isUTF8}
	if *got != want {
		t.Errorf("%+v, want %+v", *got, want)
	}
	if _, err := Check(dir, progress.Reporter{}); err == nil {
		t.Error("a folder was taken for a file")
	}
}
