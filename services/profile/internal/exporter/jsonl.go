package exporter

import (
	"bytes"
	"encoding/json"
	"io"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// jsonLines is a file of one object a line.
type jsonLines struct {
	to   io.Writer
	line bytes.Buffer
}

func (f *jsonLines) write(m proto.Message) error {
	raw, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	f.line.Reset()
	// protojson puts in spaces at random, so that nobody relies on its bytes.
	if err := json.Compact(&f.line, raw); err != nil {
		return err
	}
	f.line.WriteByte('\n')
	_, err = f.to.Write(f.line.Bytes())
	return err
}

func (f *jsonLines) close() error { return nil }
