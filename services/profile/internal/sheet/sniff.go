package sheet

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/kehuhq/kehu/pkg/fault"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// magicBytes is how much of a file tells what it is not.
const magicBytes = 8

// magic is how files begin that people rename to .csv.
var magic = []struct{ prefix, what string }{
	{"PK\x03\x04", "an XLSX workbook or a ZIP archive"},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"},
	{"\x1f\x8b", "compressed by gzip"},
	{"%PDF", "a PDF document"},
	{"\x89PNG", "a picture"},
	{"\xff\xd8\xff", "a picture"},
	{"GIF8", "a picture"},
	{"PAR1", "a Parquet file"},
	{"\xff\xfe", "text in UTF-16"},
	{"\xfe\xff", "text in UTF-16"},
}

// sniff reports a file whose first bytes show that it is no CSV file.
func sniff(begin []byte) *fault.Fault {
	for _, m := range magic {
		if strings.HasPrefix(string(begin[:min(len(begin), magicBytes)]), m.prefix) {
			return fault.New(fault.InvalidArgument, "FILE_NOT_CSV", "the file is %s: save it as CSV UTF-8", m.what)
		}
	}
	return nil
}

// CheckHeader reports a header from which it shows that the file is no CSV file
// in UTF-8 with commas.
func CheckHeader(header Row) *fault.Fault {
	if f := header.Fault; f != nil {
		if f.Reason == "ROW_NOT_UTF8" {
			return fault.New(fault.InvalidArgument, "FILE_NOT_UTF8", "the file is not UTF-8%s: save it as CSV UTF-8", encodingOf([]byte(header.Text)))
		}
		return inRow(0, f.Reason, "cannot be read: %s", f.Message)
	}
	if len(header.Fields) > MaxColumns {
		return fault.New(fault.InvalidArgument, "FILE_TOO_MANY_COLUMNS", "the header names more than %d columns", MaxColumns)
	}
	if len(header.Fields) > 1 {
		return nil
	}
	for delimiter, name := range map[string]string{";": "semicolons", "\t": "tabs", "|": "vertical bars"} {
		if strings.Contains(header.Text, delimiter) {
			return fault.New(fault.InvalidArgument, "FILE_DELIMITER", "the columns are separated by %s: commas are expected", name)
		}
	}
	return nil
}

// encodingOf names the encoding that text which is not UTF-8 seems to be in,
// as an insertion, empty where it cannot be told.
func encodingOf(text []byte) string {
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text)
	if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
		return ""
	}
	return " but seems to be GB18030 (GBK)"
}
