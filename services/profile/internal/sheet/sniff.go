package sheet

import (
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// magicBytes is how much of a file tells what it is not.
const magicBytes = 8

const (
	saveAsCSV  = `save it as "CSV UTF-8"`
	asWorkbook = "save it as CSV, or send it with kehu import, which reads workbooks"
)

// magic is how files begin that people rename to .csv, in lower case.
var magic = []struct{ prefix, what, remedy string }{
	{"pk\x03\x04", "an XLSX workbook or a ZIP archive", asWorkbook},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", saveAsCSV},
	{"<html", "a web page", saveAsCSV}, // as many a shop's .xls is
	{"<table", "a web page", saveAsCSV},
	{"<!docty", "a web page", saveAsCSV},
	{"<?xml", "an XML document", saveAsCSV},
	{"\x1f\x8b", "compressed by gzip", "unpack it"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"},
	{"rar!\x1a\x07", "a RAR archive", "unpack it"},
	{"%pdf-", "a PDF document", "export a table instead"},
	{"\x89png", "a picture", "export a table instead"},
	{"\xff\xd8\xff", "a picture", "export a table instead"},
	{"gif8", "a picture", "export a table instead"},
	{"par1", "a Parquet file", "export it as CSV"},
	{"\xff\xfe", "text in UTF-16", saveAsCSV},
	{"\xfe\xff", "text in UTF-16", saveAsCSV},
}

// sniff reports a file whose first bytes show that it is no CSV file.
func sniff(begin []byte) *fault.Fault {
	begin = append([]byte(nil), begin[:min(len(begin), magicBytes)]...)
	for i, b := range begin {
		if b >= 'A' && b <= 'Z' {
			begin[i] = b - 'A' + 'a'
		}
	}
	for _, m := range magic {
		if strings.HasPrefix(string(begin), m.prefix) {
			return fault.New(fault.InvalidArgument, "FILE_NOT_CSV", "the file is %s: %s", m.what, m.remedy)
		}
	}
	if list, is := strings.CutPrefix(string(begin), "["); is && strings.HasPrefix(strings.TrimLeft(list, " \t\r\n"), "{") {
		return fault.New(fault.InvalidArgument, "FILE_NOT_CSV", "the file is one JSON list: write each object on a line of its own (JSON lines)")
	}
	return nil
}

// CheckHeader reports a header from which it shows that the file is no CSV file,
// or has other delimiters than stated.
func CheckHeader(header Row) *fault.Fault {
	if f := header.Fault; f != nil {
		if f.Reason == errUnknown.Reason {
			return fault.New(fault.InvalidArgument, "FILE_ENCODING_UNKNOWN", "the file is neither UTF-8 nor GB18030: %s", saveAsCSV)
		}
		return inRow(0, f.Reason, "cannot be read: %s", f.Message)
	}
	if len(header.Fields) > MaxColumns {
		return fault.New(fault.InvalidArgument, "FILE_TOO_MANY_COLUMNS", "the header names more than %d columns", MaxColumns)
	}
	if len(header.Fields) > 1 {
		return nil
	}
	for _, other := range []struct{ delimiter, name string }{
		{",", "commas"}, {";", "semicolons"}, {"\t", "tabs"}, {"|", "vertical bars"},
	} {
		if strings.Contains(header.Text, other.delimiter) {
			return fault.New(fault.InvalidArgument, "FILE_DELIMITER",
				"the columns seem to be separated by %s: the file's delimiter must be a comma, a semicolon or a tab, and as stated where it is", other.name)
		}
	}
	return nil
}
