// Package workbook turns a sheet of an .xlsx workbook into a CSV file, a row for a
// row, so that it can be sent like any other file of orders.
//
// Values are those that are stored, not as they are formatted: a date is its serial
// number of the 1900 system, a formula the value it had when it was saved. Text
// stays as it is; a fraction is written with the fifteen digits that a spreadsheet
// shows of it.
package workbook

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// What a workbook may hold. A sheet of 1,048,576 rows and thirty columns takes
// about 1.5 GiB of XML.
const (
	maxUnzipped = 2 << 30
	// maxRatio bounds what little can be unzipped to; sheets are 5 to 60 times
	// their zipped size. Parts below minBomb are not looked at.
	maxRatio = 250
	minBomb  = 64 << 20
	// maxOther bounds the parts that are held in memory: all but sheets and texts.
	maxOther = 256 << 20
	maxParts = 10_000
)

var (
	zipSignature = []byte("PK\x03\x04")
	// oleSignature begins an .xls, and an .xlsx with a password.
	oleSignature = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
)

// Is tells by its content whether the file at path is an .xlsx workbook. What is
// a spreadsheet or an archive of another kind is an InvalidArgument fault that
// says what to do; anything else is none of this package's business.
func Is(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	head := make([]byte, len(oleSignature))
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read %s: %w", path, err)
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, oleSignature):
		return false, refuse("FILE_OLD_WORKBOOK", "is an .xls workbook, or one with a password: open it and save it as .xlsx without a password, or as CSV")
	case !bytes.HasPrefix(head, zipSignature):
		return false, nil
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		return false, damaged("the zip archive that a workbook is cannot be read")
	}
	return true, check(archive)
}

// check refuses archives that are no workbook, or more than is sensible.
func check(archive *zip.Reader) error {
	if len(archive.File) > maxParts {
		return tooLarge("holds %d parts, %d are the most", len(archive.File), maxParts)
	}
	var all, other uint64
	parts := map[string]bool{}
	for _, part := range archive.File {
		name, size := strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/")), part.UncompressedSize64
		parts[name] = true
		all += size
		if size > maxUnzipped || all > maxUnzipped {
			return tooLarge("takes more than %d GiB unzipped", maxUnzipped>>30)
		}
		if size > minBomb && size/maxRatio > part.CompressedSize64 {
			return tooLarge("unzips %s to more than %d times its size, which no sheet of orders does", part.Name, maxRatio)
		}
		if !strings.HasPrefix(name, "xl/worksheets/sheet") && name != "xl/sharedstrings.xml" {
			other += size
		}
	}
	if other > maxOther {
		return tooLarge("holds more than %d MiB besides its sheets", maxOther>>20)
	}
	switch {
	case parts["xl/workbook.xml"]:
		return nil
	case parts["xl/workbook.bin"]:
		return refuse("FILE_OTHER_WORKBOOK", "is an .xlsb workbook: save it as .xlsx or CSV")
	case parts["content.xml"]:
		return refuse("FILE_OTHER_WORKBOOK", "is an OpenDocument file: save it as .xlsx or CSV")
	default:
		return refuse("FILE_ARCHIVE", "is a ZIP archive, not a file of orders: unpack it and give the file within")
	}
}

func refuse(reason, format string, args ...any) *fault.Fault {
	return fault.New(fault.InvalidArgument, reason, "the file "+format, args...)
}

func tooLarge(format string, args ...any) *fault.Fault {
	return refuse("WORKBOOK_TOO_LARGE", format+"; save the sheet as CSV", args...)
}

func damaged(format string, args ...any) *fault.Fault {
	return fault.New(fault.InvalidArgument, "WORKBOOK_DAMAGED", "the workbook is damaged: "+format+"; open it, save it anew, or save it as CSV", args...)
}
