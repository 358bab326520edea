package orderscan

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"os"
	"runtime"
	"sync"
	"unicode/utf8"

	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// walk reads rows as the table gives them: of a workbook, of another encoding, with
// quotes.
func (l *layout) walk(t *table.Table) ([]*worker, error) {
	w := l.newWorker(maphash.MakeSeed())
	fields := make([][]byte, len(l.titles))
	for {
		cells, err := t.Next()
		if errors.Is(err, io.EOF) {
			return []*worker{w}, nil
		}
		if err != nil {
			return nil, err
		}
		for i, cell := range cells {
			fields[i] = append(fields[i][:0], cell...)
		}
		if wrong := w.row(fields); wrong != nil {
			return nil, wrong.in(t.Row())
		}
		w.settle()
	}
}

// piece is a part of the file that ends at the end of a line.
type piece struct {
	rows  int64
	wrong *cellError // of the row behind rows
}

// pieceBytes is how much a worker takes at a time: long enough that the pieces cost
// nothing, short enough that the workers end together.
const pieceBytes = 4 << 20

// errQuoted is a text that cannot be cut at line breaks, or is no UTF-8: nil
// workers have the caller walk.
var errQuoted = errors.New("quoted")

// scan reads plain text by several workers at once. It gives up, without workers,
// where a quote may hide a line break.
func (l *layout) scan(plain table.Plain, cores int) ([]*worker, error) {
	file, err := os.Open(plain.Path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	starts, rows, err := cut(file, plain)
	if err != nil {
		return nil, giveUp(err)
	}
	seed, workers, pieces := maphash.MakeSeed(), make([]*worker, max(1, cores)), make([]piece, len(starts)-1)
	failures := make([]error, len(workers))
	var next sync.Mutex
	taken := 0
	take := func() int {
		next.Lock()
		defer next.Unlock()
		taken++
		return taken - 1
	}
	parallel(len(workers), len(workers), func(k int) {
		workers[k] = l.newWorker(seed)
		workers[k].expect(rows/len(workers) + rows/50)
		text := make([]byte, 0, pieceBytes+table.MaxRowBytes)
		for p := take(); p < len(pieces) && failures[k] == nil; p = take() {
			text = text[:starts[p+1]-starts[p]]
			if _, err := file.ReadAt(text, starts[p]); err != nil && !errors.Is(err, io.EOF) {
				failures[k] = err
				return
			}
			pieces[p], failures[k] = workers[k].piece(text)
		}
	})
	if err := errors.Join(failures...); err != nil {
		return nil, giveUp(err)
	}
	row := int64(0)
	for _, p := range pieces {
		row += p.rows
		if p.wrong != nil {
			return nil, p.wrong.in(row + 1)
		}
	}
	return workers, nil
}

func giveUp(err error) error {
	if errors.Is(err, errQuoted) {
		return nil
	}
	return err
}

// cut finds where the pieces begin, and where the last one ends. It guesses the
// number of rows from the first of them.
func cut(file *os.File, plain table.Plain) (starts []int64, rows int, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	starts, buffer := []int64{plain.Begin}, make([]byte, table.MaxRowBytes)
	first, err := file.ReadAt(buffer[:64<<10], plain.Begin)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	rows = int(int64(bytes.Count(buffer[:first], []byte{'\n'})) * info.Size() / int64(max(first, 1)))
	for at := plain.Begin + pieceBytes; at < info.Size(); at = starts[len(starts)-1] + pieceBytes {
		n, err := file.ReadAt(buffer, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		line := bytes.IndexByte(buffer[:n], '\n')
		if line < 0 {
			if at+int64(n) < info.Size() {
				return nil, 0, errQuoted // which refuses so long a line
			}
			break
		}
		starts = append(starts, at+int64(line)+1)
	}
	if starts[len(starts)-1] < info.Size() {
		starts = append(starts, info.Size())
	}
	return starts, rows, nil
}

// piece reads the lines of a text.
func (w *worker) piece(text []byte) (p piece, err error) {
	if bytes.IndexByte(text, '"') >= 0 || bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
		return p, errQuoted
	}
	defer w.settle()
	fields := make([][]byte, len(w.titles))
	for len(text) > 0 {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) == 0 {
			continue
		}
		if p.wrong = w.split(line, fields); p.wrong == nil {
			p.wrong = w.row(fields)
		}
		if p.wrong != nil {
			return p, nil
		}
		p.rows++
	}
	return p, nil
}

// split finds the fields of a line.
func (w *worker) split(line []byte, fields [][]byte) *cellError {
	at := 0
	for i := range fields {
		end := len(line)
		if k := bytes.IndexByte(line[at:], w.delimiter); k >= 0 {
			end = at + k
		}
		last := i == len(fields)-1
		if last != (end == len(line)) {
			return &cellError{reason: "ROW_RAGGED", message: "must have as many fields as the header", cell: string(line[:min(len(line), 80)])}
		}
		fields[i] = line[at:end]
		at = end + 1
	}
	return nil
}

// parallel does n things, so many at a time.
func parallel(n, cores int, do func(k int)) {
	var all sync.WaitGroup
	gate := make(chan struct{}, max(1, min(cores, runtime.GOMAXPROCS(0))))
	for k := range n {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			do(k)
		})
	}
	all.Wait()
}
