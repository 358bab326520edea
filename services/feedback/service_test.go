package feedback_test

import (
	"context"
	"slices"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/feedback"
)

func TestConfig(t *testing.T) {
	must(t, feedback.DefaultConfig().Validate())
	_, err := feedback.New(t.Context(), feedback.Config{}, feedback.Deps{Engine: openPebble(t)})
	f, ok := fault.As(err)
	if !ok || !slices.ContainsFunc(f.Violations, func(v fault.Violation) bool { return v.Field == "sweep_interval" }) {
		t.Fatalf("got %v", err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	service, err := feedback.New(t.Context(), feedback.DefaultConfig(), feedback.Deps{Engine: openPebble(t)})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- service.Serve(ctx) }()
	stop()
	must(t, <-done)
	must(t, service.Close())
}
