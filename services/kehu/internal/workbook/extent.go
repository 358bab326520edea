package workbook

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// extent is the number of the last row that a sheet of the workbook at file has
// by its markup. The library ends quietly where the XML is broken, as by a control
// character in a title that an exporter failed to escape; by its extent a sheet
// that breaks off can be told from one that ends. 0 where there is no such part.
func extent(file string, workbook *excelize.File, sheet string) (int64, error) {
	name := partOf(workbook, sheet)
	archive, err := zip.OpenReader(file)
	if err != nil {
		return 0, err
	}
	defer func() { _ = archive.Close() }()
	for _, part := range archive.File {
		if !strings.EqualFold(strings.ReplaceAll(part.Name, `\`, "/"), name) {
			continue
		}
		content, err := part.Open()
		if err != nil {
			return 0, err
		}
		defer func() { _ = content.Close() }()
		return lastRow(content)
	}
	return 0, nil
}

// partOf is the part of the archive that holds a sheet.
func partOf(workbook *excelize.File, sheet string) string {
	var relations struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		}
	}
	if stored, ok := workbook.Pkg.Load("xl/_rels/workbook.xml.rels"); ok {
		text, _ := stored.([]byte)
		if err := xml.Unmarshal(text, &relations); err != nil {
			return ""
		}
	}
	for _, s := range workbook.WorkBook.Sheets.Sheet {
		for _, r := range relations.Relationship {
			if s.Name != sheet || s.ID != r.ID {
				continue
			}
			if strings.HasPrefix(r.Target, "/") {
				return strings.TrimPrefix(r.Target, "/")
			}
			return path.Join("xl", r.Target)
		}
	}
	return ""
}

var errControl = errors.New("it holds a control character that XML does not allow")

// lastRow is the highest number among the row elements of a sheet.
func lastRow(sheet io.Reader) (int64, error) {
	in := bufio.NewReaderSize(sheet, 64<<10)
	var last int64
	for inTag := false; ; {
		until := byte('<')
		if inTag {
			until = '>'
		}
		text, err := in.ReadSlice(until)
		for _, b := range text {
			if b < ' ' && b != '\t' && b != '\n' && b != '\r' {
				return last, errControl
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // the rest of a long text or tag follows
			continue
		case errors.Is(err, io.EOF):
			return last, nil
		case err != nil:
			return last, err
		}
		if inTag {
			last = rowNumber(text, last)
		}
		inTag = !inTag
	}
}

// rowNumber is the number of the row that a tag begins, and last for other tags.
func rowNumber(tag []byte, last int64) int64 {
	name := tag[:len(tag)-1]
	if end := bytes.IndexAny(name, " \t\r\n/"); end > 0 {
		name = name[:end]
	}
	if _, local, prefixed := bytes.Cut(name, []byte(":")); prefixed {
		name = local
	}
	if string(name) != "row" {
		return last
	}
	for _, quote := range []string{`"`, `'`} {
		if _, rest, found := bytes.Cut(tag, []byte(" r="+quote)); found {
			digits, _, _ := bytes.Cut(rest, []byte(quote))
			if n, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
				return max(last, n)
			}
		}
	}
	return last + 1
}
