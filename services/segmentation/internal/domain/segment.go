// Package domain holds what segments are: definitions, the facts they are about,
// and the passes that form their members.
package domain

import (
	"fmt"
	"slices"
	"time"
)

// State tells whether a segment is formed.
type State string

// The states of a segment.
const (
	Draft     State = "draft"     // only defined
	Published State = "published" // its members are formed and kept
	Paused    State = "paused"    // its members are as they were
	Archived  State = "archived"  // put away: as paused, and not to be changed
)

// Segment is a group of customers.
type Segment struct {
	ID          string
	DisplayName string
	Description string
	Labels      map[string]string
	Definition  Definition
	// Revision counts the changes of the definition, from 1.
	Revision  int64
	DefinedAt time.Time // of the revision
	Restored  int64     // the revision that this one brought back; 0 for none
	State     State
	// Wanted tells that its members are to be formed whatever Formed says: it was
	// published or resumed, and has not been formed since. A draft that is wanted is
	// published with its first forming.
	Wanted bool
	// Edits counts what callers have changed, from 1: it makes the etag, so that a
	// pass is no change that a caller could run into.
	Edits int64
	// Born is a number that no pass over this segment is at or below. A segment
	// deleted and created anew under the same id has a larger one, and so nothing
	// of the old one's.
	Born int64
	// Formed is the last good pass, zero before the first; Coming one that is not over
	// yet, and Turn what the segment becomes with another run of its scheme: nil where
	// there is none.
	Formed Formed
	Coming *Coming
	Turn   *Turn
	// Failure is why the last pass failed, nil when it did not.
	Failure   *Failure
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
	Request   RequestKey // that created it
}

// Current is the revision that the segment has.
func (s *Segment) Current() Revision {
	return Revision{Number: s.Revision, Definition: s.Definition, At: s.DefinedAt, Restored: s.Restored}
}

// Live tells whether its members are formed, or will be: it is published, or wanted.
func (s *Segment) Live() bool { return s.State == Published || s.Wanted }

// IsLabel tells whether it is what a label of a scheme became.
func (s *Segment) IsLabel() bool {
	p := s.Definition.Partition
	return p != nil && p.SegmentID() == s.ID
}

// ListKey is by what facts name the list of the segment: another segment that is given
// the same id later has another.
func (s *Segment) ListKey() string { return fmt.Sprintf("%s%s%d", s.ID, ListMark, s.Born) }

// ListMark stands between the id of a segment and what makes its list its own.
const ListMark = "@"

// Formed is a pass as a segment shows it.
type Formed struct {
	Generation int64
	Members    int64
	At         time.Time // when it was published
	AsOf       time.Time // of the valuations; zero without
	Revision   int64     // of the definition that formed them
	// Synced is the instant before which everything that each service acknowledged was in
	// the facts when the pass began, by the service's name; none of one never read.
	Synced map[string]time.Time
	// Hidden are customers, by escaped id, who are being erased: they are in no list
	// and do not count in Members, whether their rows are still there or not.
	Hidden []string
}

// Hide takes customers out of the members. It returns false where all are out.
func (f *Formed) Hide(customers []string) bool { return hide(&f.Members, &f.Hidden, customers) }

// Unhide ends the hiding of customers whose rows are gone. It returns false where
// none was hidden.
func (f *Formed) Unhide(customers []string) bool { return unhide(&f.Hidden, customers) }

func hide(members *int64, hidden *[]string, customers []string) (changed bool) {
	for _, c := range customers {
		if !slices.Contains(*hidden, c) {
			*hidden = append(*hidden, c)
			*members--
			changed = true
		}
	}
	return changed
}

func unhide(hidden *[]string, customers []string) bool {
	before := len(*hidden)
	*hidden = slices.DeleteFunc(*hidden, func(c string) bool { return slices.Contains(customers, c) })
	return len(*hidden) != before
}

// Failure is why a pass failed, as callers are told.
type Failure struct {
	Code    int32 // canonical status code
	Reason  string
	Message string
	Field   string
	// Customers are how many it cannot be told of; 0 where it can be told of nobody.
	Customers int64
}

// RequestKey recognises a repeated request.
type RequestKey struct {
	ID   string
	Hash string // of the content
}

// Membership is a customer's being in a segment.
type Membership struct {
	Customer   string
	Since      time.Time // of the pass with which the customer came in
	Generation int64     // of the pass this was read from
}
