// Package app holds what takes more than one collection: giving customers their
// identifiers, and recording customers and orders in bulk.
package app

import (
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

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
	// Taken are identifiers that the record of an import was to have and another
	// customer has: they stay there.
	Taken []domain.Identifier
}

func refused(f *fault.Fault) Outcome { return Outcome{Fault: f} }

// repeated tells what to answer for a record that the same import has written
// before: for the same row what was answered then, for a later one that the key
// is in the file twice. An earlier row has left no trace, so it had found the
// record just so. known is false where the import has not written the record.
func repeated(stored domain.Origin, src domain.Source, row int64) (out Outcome, known bool) {
	switch {
	case src.Import == "" || stored.Import != src.Import:
		return Outcome{}, false
	case row > stored.Row:
		return refused(duplicateInFile(stored.Row)), true
	case row < stored.Row:
		return Outcome{Effect: Unchanged}, true
	case stored.Created:
		return Outcome{Effect: Created}, true
	}
	return Outcome{Effect: Updated}, true
}

func duplicateInFile(row int64) *fault.Fault {
	f := fault.Invalid("name", "is the same as in row %d of the file, which counts", row)
	f.Reason = "DUPLICATE_IN_FILE"
	return f
}

func duplicateInRequest(item int) *fault.Fault {
	f := fault.Invalid("name", "is the same as that of item %d of the request", item)
	f.Reason = "DUPLICATE_IN_REQUEST"
	return f
}

// distinct refuses the items whose key another before them has, where the store
// cannot tell: in a request, and in a file of which nothing is written.
func distinct(items []int, key func(int) string, row func(int) int64, src domain.Source, outcomes []Outcome) []int {
	if src.Import != "" && !src.ValidateOnly {
		return items // recognised by what the first of them wrote
	}
	first := make(map[string]int, len(items))
	kept := items[:0]
	for _, i := range items {
		at, twice := first[key(i)]
		switch {
		case !twice:
			first[key(i)] = i
			kept = append(kept, i)
		case src.Import != "":
			outcomes[i] = refused(duplicateInFile(row(at)))
		default:
			outcomes[i] = refused(duplicateInRequest(at))
		}
	}
	return kept
}
