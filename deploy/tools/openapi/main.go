// Command openapi finishes the OpenAPI description that the plugin makes from
// the protos: it reads the merged document from standard input and writes to
// standard output what the gateway really does.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var d document
	if err := json.NewDecoder(in).Decode(&d); err != nil {
		return err
	}
	if err := d.finish(); err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}
