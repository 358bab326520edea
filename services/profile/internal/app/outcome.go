// Package app holds what takes more than one collection: giving customers their
// identifiers, and recording customers and orders in bulk.
package app

import "github.com/kehuhq/kehu/pkg/fault"

// Effect is what became of one record of a batch.
type Effect uint8

// The effects. The zero value goes with a fault.
const (
	Refused Effect = iota
	Created
	Updated
	Unchanged
)

// Outcome is what became of one record, or why it was refused.
type Outcome struct {
	Effect Effect
	Fault  *fault.Fault // set when, and only when, Effect is Refused
}

func refused(f *fault.Fault) Outcome { return Outcome{Fault: f} }
