package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/preview"
)

// console is where a person follows a command, and may be asked something.
type console struct {
	in    io.Reader
	out   io.Writer
	asks  bool // there is a person
	width int  // columns
}

// terminal is standard error, so that standard output is the result alone.
func terminal() console {
	c := console{in: os.Stdin, out: os.Stderr, width: 100}
	c.asks = term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
	if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && w > 20 {
		c.width = w
	}
	return c
}

func (c console) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// show says how a file is read.
func (c console) show(reading *preview.Reading, s *source) {
	p := &layout.Page{Width: c.width}
	name := s.name
	if s.sheet != nil {
		name += ", sheet " + s.sheet.Sheet + ","
		if len(s.sheet.Others) > 0 {
			p.Item(fmt.Sprintf("sheets that are not read (--sheet NAME): %s", strings.Join(s.sheet.Others, ", ")))
		}
	}
	reading.WriteText(p, name)
	c.say("%s", p)
}

// errDeclined is a person's no.
var errDeclined = errors.New("nothing was read; name the export with --preset, or edit what --save-map FILE writes and give it with --map FILE")

// confirm asks whether a file is to be read as shown. A no is errDeclined.
func (c console) confirm(ctx context.Context) error {
	// Read beside, since a read of a terminal does not end with the context.
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(c.in); in.Scan(); {
			select {
			case lines <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		fmt.Fprint(c.out, "Read it so? 这样读取吗? [Y/n] ")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, more := <-lines:
			if !more {
				return errDeclined
			}
			switch strings.ToLower(strings.TrimSpace(line)) {
			case "", "y", "yes", "是", "好":
				return nil
			case "n", "no", "否", "不":
				return errDeclined
			}
		}
	}
}
