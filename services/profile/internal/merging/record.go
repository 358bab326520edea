package merging

import (
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// State is how far a merge has come.
type State string

// The states. A merge that is given up leaves no record.
const (
	Pending  State = "pending"  // being made
	GivenUp  State = "given_up" // being taken back: nobody may finish it any more
	Merged   State = "merged"   // made; its parts may have been cut since
	Unmerged State = "unmerged" // made, and all of its parts cut
)

// Record is a note in the journal: records that were found to be one customer.
type Record struct {
	ID       string
	Survivor string
	Parts    []Part // those that gave way, in the order given
	State    State
	// Token tells this attempt from others under the same ID.
	Token string
	// Content is what somebody wrote about the merge, sealed for the survivor: it
	// may describe persons.
	Content   []byte
	Actor     string // who merged, as the service knows the caller
	Automatic bool
	Request   aip.RequestKey
	// Open is since when a step has been under way; zero when nothing is.
	Open                 time.Time
	CreatedAt, UpdatedAt time.Time
}

// Part is one record that gave way.
type Part struct {
	Customer string
	// Cutting is set while it is being unmerged, by whom, and when that was decided.
	Cutting bool
	CutBy   string
	CutAt   time.Time
	Cut     bool
}

// part is the place of a customer among the parts, -1 where it is none.
func (r *Record) part(customer string) int {
	return slices.IndexFunc(r.Parts, func(p Part) bool { return p.Customer == customer })
}

// cutting are the parts that are being unmerged.
func (r *Record) cutting() []string {
	var customers []string
	for _, p := range r.Parts {
		if p.Cutting {
			customers = append(customers, p.Customer)
		}
	}
	return customers
}

// decide notes that parts are to be cut, by whom and when. Parts that are cut
// already stay as they are.
func (r *Record) decide(customers []string, actor string, at time.Time) error {
	if r.State != Merged {
		return busy(r.ID)
	}
	some := false
	for _, customer := range customers {
		if n := r.part(customer); n >= 0 && !r.Parts[n].Cut {
			some = true
			if p := &r.Parts[n]; !p.Cutting {
				p.Cutting, p.CutBy, p.CutAt = true, actor, at
			}
		}
	}
	if !some {
		return notMerged(r.ID)
	}
	r.Open = at
	return nil
}

// cut notes that some parts which were being unmerged are.
func (r *Record) cut(customers []string) {
	left := false
	for n := range r.Parts {
		p := &r.Parts[n]
		if p.Cutting && slices.Contains(customers, p.Customer) {
			p.Cut, p.Cutting = true, false
		}
		left = left || !p.Cut
	}
	if len(r.cutting()) == 0 {
		r.Open = time.Time{}
	}
	if !left {
		r.State = Unmerged
	}
}

func busy(id string) *fault.Fault {
	return fault.New(fault.Aborted, "MERGE_BUSY", "merge %q is being made or taken back at this moment; try again", id)
}

func notMerged(id string) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "CUSTOMER_NOT_MERGED", "merge %q has been undone already", id)
}

func recordNotFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "MERGE_RECORD_NOT_FOUND", "there is no merge record %q", id)
}
