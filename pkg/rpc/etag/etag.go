// Package etag gives resources their etag (AIP-154): the version of the
// document behind them, quoted, as in "12". It is strong: the same etag is the
// same bytes.
package etag

import (
	"strconv"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Of is the etag of a version.
func Of(version int64) string {
	return `"` + strconv.FormatInt(version, 10) + `"`
}

// Check holds the etag that a caller sent against the version found. An empty
// etag asks for no check, and * for any version. It returns a fault: Aborted
// ETAG_MISMATCH where the resource has changed, InvalidArgument naming the
// field "etag" where given is none of ours.
func Check(given string, version int64) error {
	if given == "" || given == "*" || given == Of(version) {
		return nil
	}
	if !wellFormed(given) {
		return fault.Invalid("etag", `must be an etag as it was received, e.g. "12" with its quotes`)
	}
	return fault.New(fault.Aborted, "ETAG_MISMATCH", "the resource has changed since it was read; read it again and retry").
		With("etag", Of(version))
}

func wellFormed(etag string) bool {
	if len(etag) < 3 || etag[0] != '"' || etag[len(etag)-1] != '"' {
		return false
	}
	version, err := strconv.ParseInt(etag[1:len(etag)-1], 10, 64)
	return err == nil && Of(version) == etag
}
