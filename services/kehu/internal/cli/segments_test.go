package cli

import (
	"strings"
	"testing"
)

// What a server would refuse in its own words is told in those of the command line.
func TestSegmentsRefuse(t *testing.T) {
	for part, args := range map[string]string{
		"add --follow":         "segments transitions -",
		"2026-06-01T00:00:00Z": "segments explain loyal c-1 --at yesterday",
		"from 1 to 1000":       "segments members loyal --limit 0",
		"entered left":         "segments transitions loyal --kind moved",
	} {
		wantRefused(t, part, append(strings.Fields(args), "--server", "127.0.0.1:1")...)
	}
}
