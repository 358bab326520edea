package cli

import (
	"context"
	"errors"
	"io"
	"testing"
)

// batch is what comes, with its cursor.
type batch string

func (b batch) GetCursor() string { return string(b) }

// What is written is what came before the interruption or the failure.
func TestFollow(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	come := []batch{"a", "b", "c"}
	receive := func() (batch, error) {
		if len(come) == 0 {
			return "", io.ErrUnexpectedEOF
		}
		next := come[0]
		come = come[1:]
		return next, nil
	}
	var written string
	err := follow(ctx, "", receive, func(b batch) error {
		if written += string(b); b == "b" {
			interrupt()
		}
		return nil
	})
	if err != nil || written != "ab" {
		t.Errorf("wrote %q, %v", written, err)
	}
	if err := follow(t.Context(), "b", receive, func(batch) error { return nil }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken connection: %v", err)
	}
}
