// Command testsum reads `go test -json` from standard input and prints what a
// reader wants of it: go's own line for each package, everything that a failing
// test wrote, and at the end how many tests passed, failed and were skipped.
//
// With -skips FILE it appends one line for each skipped test and its reason.
//
// It exits with 1 when a test or a build failed or when no test ran at all: a
// run that tested nothing must not look like one that passed.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	skips := flag.String("skips", "", "append each skipped test and its reason to this `file`")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *skips); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, skipsPath string) error {
	s := newSummary(out)
	if err := s.read(bufio.NewReader(in)); err != nil {
		return err
	}
	if skipsPath != "" {
		if err := appendLines(skipsPath, s.skips); err != nil {
			return err
		}
	}
	return s.close()
}

func appendLines(path string, lines []string) (err error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, line := range lines {
		if _, err := fmt.Fprintln(f, line); err != nil {
			return err
		}
	}
	return nil
}
