package domain

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Definition says who belongs to a segment: exactly one of its fields is set.
type Definition struct {
	Rule      string // a CEL expression
	RFM       *RFM
	List      bool // those who were put on it
	Partition *Partition
}

// Partition is the customers whom a run of a scheme gave a label.
type Partition struct {
	Run   string // schemes/{scheme}/runs/{run}
	Label string
	// Gone tells that the run serves in place of one that had the label, and does not
	// have it: nobody belongs.
	Gone bool
}

// run is the form of a run's name. Whether there is one is for package schemes to say.
var run = regexp.MustCompile(`^schemes/[a-z][a-z0-9-]{0,62}/runs/[A-Za-z0-9-]{1,64}$`)

// Scheme is the name of the scheme that the run is one of.
func (p Partition) Scheme() string {
	scheme, _, _ := strings.Cut(p.Run, "/runs/")
	return scheme
}

// SegmentID is the id of the segment that a label of a scheme becomes.
func (p Partition) SegmentID() string {
	return strings.TrimPrefix(p.Scheme(), "schemes/") + "-" + p.Label
}

// Check reports a name that is none.
func (p Partition) Check() *fault.Fault {
	switch {
	case !run.MatchString(p.Run):
		return fault.Invalid("partition.run", "must have the form schemes/{scheme}/runs/{run}")
	case p.Label == "":
		return fault.Invalid("partition.label", "must be one of the run's labels")
	}
	return nil
}

// Check reports a definition that is none. Whether a rule compiles is for package
// rule to say.
func (d Definition) Check() *fault.Fault {
	kinds := 0
	for _, set := range []bool{d.Rule != "", d.RFM != nil, d.List, d.Partition != nil} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		return fault.Invalid("definition", "must be set: give one of rule.expression, rfm, list and partition")
	case kinds > 1:
		return fault.Invalid("definition", "must be one of rule, rfm, list and partition, not several")
	case d.RFM != nil:
		return d.RFM.Check()
	case d.Partition != nil:
		return d.Partition.Check()
	}
	return nil
}

// Equal tells whether two definitions are the same.
func (d Definition) Equal(other Definition) bool {
	if d.Rule != other.Rule || d.List != other.List {
		return false
	}
	if (d.RFM == nil) != (other.RFM == nil) || (d.Partition == nil) != (other.Partition == nil) {
		return false
	}
	if d.Partition != nil && *d.Partition != *other.Partition {
		return false
	}
	return d.RFM == nil || slices.Equal(d.RFM.Groups, other.RFM.Groups) && slices.Equal(d.RFM.Cells, other.RFM.Cells)
}

// Revision is a definition that a segment has, or had.
type Revision struct {
	Number     int64
	Definition Definition
	At         time.Time // since when
	Restored   int64     // the revision that it brought back; 0 for none
}
