package periodic

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestRunGoesOnAfterAFailureAndEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	times := 0
	Run(ctx, slog.New(slog.NewTextHandler(&log, nil)), time.Millisecond, "sweep", func(context.Context) error {
		times++
		if times == 3 {
			cancel()
		}
		return errors.New("the disk is full")
	})
	if times != 3 {
		t.Errorf("worked %d times, want 3", times)
	}
	// The failure of the end is not the work's: nobody need read of it.
	if got := strings.Count(log.String(), "sweep failed"); got != 2 {
		t.Errorf("%d failures are logged, want 2:\n%s", got, log.String())
	}
}
