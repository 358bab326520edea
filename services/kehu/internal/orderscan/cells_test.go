package orderscan

import (
	"testing"
	"time"
)

// TestDays: every fifth day of eight centuries is counted as time counts it.
func TestDays(t *testing.T) {
	first := time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)
	for d := 0; d < 292_194; d += 5 {
		at := first.AddDate(0, 0, d)
		text := at.Format(time.DateOnly)
		day, ok := dayOf([]byte(text), time.UTC)
		if !ok || int64(day) != at.Unix()/86400 || Date(day) != text {
			t.Fatalf("%s is day %d, %v, %s", text, day, ok, Date(day))
		}
	}
	for _, text := range []string{"2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-1-01", "24-01-01", "2024-01-01x", "2024-01-01T", "2024-01-01 12", "0000-01-01", "2024-01/01"} {
		if day, ok := dayOf([]byte(text), time.UTC); ok {
			t.Errorf("%s is day %d", text, day)
		}
	}
}
