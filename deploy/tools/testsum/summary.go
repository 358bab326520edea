package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// place is where output belongs: a test, or its package where Test is empty.
type place struct{ pkg, test string }

// summary keeps the output of what has not yet ended, so that a passing test
// costs the reader nothing and a failing one is shown whole.
type summary struct {
	out     io.Writer
	pending map[place][]string
	order   []place // of first output, for packages that die before their tests end
	skips   []string

	passed, failed, skipped int
	failedPackages          int
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, pending: map[place][]string{}}
}

func (s *summary) read(in *bufio.Reader) error {
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			s.line(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		s.print(line) // not an event: a message of the go command itself
		return
	}
	at := place{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		s.print(e.Output)
	case "output":
		s.output(at, e.Output)
	case "pass":
		s.pass(at)
	case "skip":
		s.skip(at)
	case "fail":
		s.fail(at)
	}
}

func (s *summary) output(at place, text string) {
	// These two need no waiting: they are the package's own verdict.
	if at.test == "" && (strings.HasPrefix(text, "ok  \t") || strings.HasPrefix(text, "FAIL\t")) {
		if strings.HasPrefix(text, "FAIL\t") {
			s.dump(at.pkg)
		}
		s.print(text)
		return
	}
	if _, seen := s.pending[at]; !seen {
		s.order = append(s.order, at)
	}
	s.pending[at] = append(s.pending[at], text)
}

func (s *summary) pass(at place) {
	s.drop(at)
	if at.test != "" {
		s.passed++
	}
}

func (s *summary) skip(at place) {
	if at.test != "" {
		s.skipped++
		s.skips = append(s.skips, fmt.Sprintf("%s %s: %s", at.pkg, at.test, reason(s.pending[at])))
	}
	s.drop(at) // a skipped package is one without test files
}

func (s *summary) fail(at place) {
	if at.test == "" {
		s.failedPackages++
		s.dump(at.pkg)
		return
	}
	s.failed++
	s.show(at)
}

// dump shows what is left of a package: the output of tests that never ended
// (a panic, a time-out) and of the package itself.
func (s *summary) dump(pkg string) {
	for _, at := range slices.Clone(s.order) {
		if at.pkg == pkg {
			s.show(at)
		}
	}
}

func (s *summary) show(at place) {
	for _, text := range s.pending[at] {
		s.print(text)
	}
	s.drop(at)
}

func (s *summary) drop(at place) {
	if _, seen := s.pending[at]; !seen {
		return
	}
	delete(s.pending, at)
	s.order = slices.DeleteFunc(s.order, func(p place) bool { return p == at })
}

func (s *summary) print(text string) {
	_, _ = io.WriteString(s.out, text) // a closed standard output has no one to tell
}

// close prints the totals and says whether the run may count as passed.
func (s *summary) close() error {
	s.print(fmt.Sprintf("tests: %d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped))
	switch {
	case s.failed > 0 || s.failedPackages > 0:
		return fmt.Errorf("%d tests and %d packages failed", s.failed, s.failedPackages)
	case s.passed == 0:
		return errors.New("no test passed: nothing was tested")
	}
	return nil
}

// reason is what a test said to t.Skip, in one line.
func reason(output []string) string {
	var said []string
	for _, text := range output {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "=== ") || strings.HasPrefix(text, "--- SKIP") {
			continue
		}
		said = append(said, text)
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}
