// Package progress shows how far long work has come: a bar on a terminal, plain
// lines where the output is a pipe or a file.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// lineInterval is the least time between two plain lines of one stage.
const lineInterval = 5 * time.Second

// Reporter starts stages of work. The zero value shows nothing.
type Reporter struct {
	out      io.Writer
	terminal bool
}

// To reports to file: with bars when it is a terminal, with lines otherwise.
func To(file *os.File) Reporter {
	return Reporter{out: file, terminal: term.IsTerminal(int(file.Fd()))}
}

// Lines reports to w in plain lines.
func Lines(w io.Writer) Reporter { return Reporter{out: w} }

// Unit says how amounts are shown.
type Unit int

// The units.
const (
	Count Unit = iota
	Bytes
)

// Stage is one piece of work whose progress is shown.
type Stage struct {
	reporter Reporter
	name     string
	unit     Unit
	total    int64
	done     int64
	bar      *progressbar.ProgressBar
	started  time.Time
	lined    time.Time
}

// Start begins a stage of total units; 0 where the total is not known.
func (r Reporter) Start(name string, total int64, unit Unit) *Stage {
	now := time.Now()
	s := &Stage{reporter: r, name: name, unit: unit, total: total, started: now, lined: now}
	if r.out == nil {
		return s
	}
	if !r.terminal {
		return s
	}
	shown := total
	if shown <= 0 {
		shown = -1
	}
	s.bar = progressbar.NewOptions64(shown,
		progressbar.OptionSetWriter(r.out),
		progressbar.OptionSetDescription(fmt.Sprintf("%-22s", name)),
		progressbar.OptionShowBytes(unit == Bytes),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(24),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true),
	)
	return s
}

// Set says how many units are done, and how many there are in all once that is known.
func (s *Stage) Set(done, total int64) {
	s.done = done
	if total > 0 && total != s.total {
		s.total = total
		if s.bar != nil {
			s.bar.ChangeMax64(total)
		}
	}
	switch {
	case s.bar != nil:
		_ = s.bar.Set64(done)
	case s.reporter.out != nil && time.Since(s.lined) >= lineInterval:
		s.lined = time.Now()
		fmt.Fprintf(s.reporter.out, "%s: %s\n", s.name, s.amount())
	}
}

// End closes the stage and says what was done, and in which time.
func (s *Stage) End() {
	if s.reporter.out == nil {
		return
	}
	if s.bar != nil {
		_ = s.bar.Clear()
		_ = s.bar.Close()
	}
	fmt.Fprintf(s.reporter.out, "%s: %s in %s\n", s.name, s.amount(), time.Since(s.started).Round(10*time.Millisecond))
}

func (s *Stage) amount() string {
	switch {
	case s.unit == Bytes && s.total > 0:
		return size(s.done) + " of " + size(s.total)
	case s.unit == Bytes:
		return size(s.done)
	case s.total > 0:
		return fmt.Sprintf("%d of %d", s.done, s.total)
	default:
		return fmt.Sprint(s.done)
	}
}

// size is n bytes in MiB, or in KiB where that would be nothing.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
