package standing_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/telemetry"
)

// Operators see that rounds fail, and how far behind the segments are.
func TestOperatorsSeeTheWorker(t *testing.T) {
	told, err := telemetry.Start(t.Context(), telemetry.Config{ServiceName: "test", LogLevel: "info", LogFormat: "text", Output: new(strings.Builder)})
	must(t, err)
	t.Cleanup(func() { _ = told.Shutdown(t.Context()) })
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	line := &wire{Engine: e}
	w := newWorld(t, line, newClock())
	must(t, w.worker.Measure(told.Meters))
	want := func(lines ...string) {
		t.Helper()
		scraped := httptest.NewRecorder()
		told.Metrics().ServeHTTP(scraped, httptest.NewRequest("GET", "/metrics", nil))
		for _, line := range lines {
			if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(scraped.Body.String()) {
				t.Errorf("no line %s in\n%s", line, regexp.MustCompile(`(?m)^#.*\n|^[gp].*\n`).ReplaceAllString(scraped.Body.String(), ""))
			}
		}
	}
	w.define(t, "s", "count 2")
	w.fill(t, 1, 2, 3)
	w.round(t)
	w.clock.advance(90 * time.Second)
	want(`kehu_segmentation_rounds_total\{.*outcome="done".*\} 1`, `kehu_segmentation_customers_total.* 6`, `kehu_segmentation_lag_seconds.* 90`)
	line.dieAt, line.calls = 1, 0
	if err := w.worker.Round(t.Context()); err == nil {
		t.Fatal("a round is done without its store")
	}
	line.dieAt = 0
	want(`kehu_segmentation_rounds_total\{.*outcome="done".*\} 1`, `kehu_segmentation_rounds_total\{.*outcome="failed".*\} 1`)
}
