package workbook

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// inMemory is how large a sheet's XML may be to be held in memory; larger ones
// are unzipped beside the result.
const inMemory = 4 << 20

// CSV is a sheet as a file of comma-separated values, in UTF-8.
type CSV struct {
	Path   string
	Sheet  string   // the sheet that was read
	Others []string // visible sheets that were not
	Rows   int64    // without the header
	dir    string
}

// Remove removes the file.
func (c *CSV) Remove() error { return os.RemoveAll(c.dir) }

// Convert writes a sheet of the workbook at path to a temporary file that only
// its owner may read: the named sheet, or without a name the first visible one
// with a row in it. The same workbook gives the same bytes. What the workbook
// lacks is an InvalidArgument fault.
func Convert(path, sheet string, report progress.Reporter) (_ *CSV, err error) {
	dir, err := os.MkdirTemp("", "kehu-sheet-")
	if err != nil {
		return nil, err
	}
	c := &CSV{dir: dir, Path: filepath.Join(dir, "sheet.csv")}
	defer func() {
		// The library indexes by what the file says in places; to a caller that
		// is a damaged file like any other.
		if p := recover(); p != nil {
			err = damaged("%v", p)
		}
		if err != nil {
			err = errors.Join(err, c.Remove())
		}
	}()
	file, err := excelize.OpenFile(path, excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: inMemory, TmpDir: dir,
	})
	if err != nil {
		return nil, damaged("%v", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	props, err := file.GetWorkbookProps()
	if err != nil {
		return nil, damaged("%v", err)
	}
	if props.Date1904 != nil && *props.Date1904 {
		return nil, refuse("WORKBOOK_1904", "counts its dates from 1904, so that they would be read four years off: save the sheet as CSV")
	}
	candidates, err := c.candidates(file, sheet)
	if err != nil {
		return nil, err
	}
	for i, name := range candidates {
		last, err := extent(path, file, name)
		if err != nil {
			return nil, damaged("sheet %s: %v", name, err)
		}
		if last > excelize.TotalRows {
			return nil, damaged("sheet %s has a row %d, where %d are the most", name, last, excelize.TotalRows)
		}
		rows, err := c.write(file, name, last, report)
		if err != nil {
			return nil, err
		}
		if rows > 0 {
			c.Sheet, c.Rows, c.Others = name, rows-1, slices.Delete(candidates, i, i+1)
			return c, nil
		}
	}
	if sheet != "" {
		return nil, refuse("WORKBOOK_EMPTY", "has nothing on the sheet %q", sheet)
	}
	return nil, refuse("WORKBOOK_EMPTY", "has no visible sheet with anything on it")
}

// candidates are the sheets that may be meant.
func (c *CSV) candidates(file *excelize.File, sheet string) ([]string, error) {
	all := file.GetSheetList()
	if sheet == "" {
		return slices.DeleteFunc(all, func(name string) bool {
			visible, err := file.GetSheetVisible(name)
			return err != nil || !visible
		}), nil
	}
	for _, name := range all {
		if strings.EqualFold(name, sheet) {
			return []string{name}, nil
		}
	}
	return nil, refuse("SHEET_NOT_FOUND", "has no sheet %q; it has %s", sheet, strings.Join(all, ", "))
}

// write writes a sheet whose last row has the number given, and returns how many
// rows it has with anything in them, with the header.
func (c *CSV) write(file *excelize.File, sheet string, last int64, report progress.Reporter) (count int64, err error) {
	source, err := file.Rows(sheet)
	if err != nil {
		return 0, damaged("sheet %s: %v", sheet, err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(c.Path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	stage := report.Start("reading the workbook", last, progress.Count)
	buffered := bufio.NewWriterSize(target, 1<<20)
	t := table{out: csv.NewWriter(buffered)}
	for source.Next() {
		cells, err := source.Columns()
		if err != nil {
			return 0, damaged("sheet %s, row %d: %v", sheet, t.seen+1, err)
		}
		if err := t.add(cells); err != nil {
			return 0, err
		}
		stage.Set(t.seen, 0)
	}
	if err := source.Error(); err != nil {
		return 0, damaged("sheet %s, after row %d: %v", sheet, t.seen, err)
	}
	if t.seen < last {
		return 0, damaged("sheet %s breaks off at row %d of %d", sheet, t.seen, last)
	}
	t.out.Flush()
	if err := errors.Join(t.out.Error(), buffered.Flush()); err != nil {
		return 0, fmt.Errorf("write %s: %w", c.Path, err)
	}
	if t.rows > 0 {
		stage.End()
	}
	return t.rows, nil
}
