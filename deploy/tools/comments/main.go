// Command comments reads a buf image as JSON from standard input and writes to
// standard output, as one JSON object, the comments of services, methods and
// fields by their full names. Generated Go has none that a program could show.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "comments:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var image struct{ File []file }
	if err := json.NewDecoder(in).Decode(&image); err != nil {
		return err
	}
	all := make(map[string]string)
	for _, f := range image.File {
		if strings.HasPrefix(f.Package, "kehu.") || f.Package == "google.longrunning" {
			f.collect(all)
		}
	}
	encoder := json.NewEncoder(out) // sorted by name
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}

// file is what is needed of a google.protobuf.FileDescriptorProto.
type file struct {
	Package        string
	MessageType    []message
	Service        []service
	SourceCodeInfo struct {
		Location []struct {
			Path            []int
			LeadingComments string
		}
	}
}

type message struct {
	Name       string
	Field      []struct{ Name string }
	NestedType []message
}

type service struct {
	Name   string
	Method []struct{ Name string }
}

// Numbers of fields in descriptor.proto, of which the path of a location is made.
const (
	fileMessage, fileService    = 4, 6
	messageField, messageNested = 2, 3
	serviceMethod               = 2
)

func (f file) collect(into map[string]string) {
	for _, location := range f.SourceCodeInfo.Location {
		text := strings.Join(strings.Fields(location.LeadingComments), " ")
		if text == "" {
			continue
		}
		if name, ok := f.name(location.Path); ok {
			into[name] = text
		}
	}
}

// name is the full name of the service, method or field at a path.
func (f file) name(path []int) (string, bool) {
	switch {
	case len(path) == 2 && path[0] == fileService:
		return f.Package + "." + f.Service[path[1]].Name, true
	case len(path) == 4 && path[0] == fileService && path[2] == serviceMethod:
		s := f.Service[path[1]]
		return f.Package + "." + s.Name + "." + s.Method[path[3]].Name, true
	case len(path) >= 4 && path[0] == fileMessage:
		m := f.MessageType[path[1]]
		name := f.Package + "." + m.Name
		for path = path[2:]; len(path) > 2 && path[0] == messageNested; path = path[2:] {
			m = m.NestedType[path[1]]
			name += "." + m.Name
		}
		if len(path) == 2 && path[0] == messageField {
			return name + "." + m.Field[path[1]].Name, true
		}
	}
	return "", false
}
