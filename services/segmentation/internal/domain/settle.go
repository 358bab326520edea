package domain

import (
	"maps"
	"time"
)

// Turn is what a segment becomes when its scheme is served by another run. All segments
// of a scheme are told before; then the one write that says which run serves turns them
// all.
type Turn struct {
	Run         string // schemes/{scheme}/runs/{run}
	DisplayName string
	Description string
	Labels      map[string]string
	Definition  Definition
	At          time.Time // since when it has been told
}

// Serves tells whether the segment is what the turn would make it.
func (t *Turn) Serves(s *Segment) bool {
	return s.Turn == nil && s.State == Published && s.Definition.Equal(t.Definition) &&
		s.DisplayName == t.DisplayName && s.Description == t.Description && maps.Equal(s.Labels, t.Labels)
}

// TakeTurn makes the segment what it is where this run serves. One that is gone from the
// scheme keeps its state; the others are to be formed, and are published with that.
func (s *Segment) TakeTurn(serves string) {
	t := s.Turn
	if t == nil || t.Run != serves {
		return
	}
	s.Turn = nil
	s.DisplayName, s.Description, s.Labels = t.DisplayName, t.Description, t.Labels
	s.Edits++
	if !s.Definition.Equal(t.Definition) {
		s.Definition, s.Revision, s.DefinedAt, s.Restored = t.Definition, s.Revision+1, t.At, 0
	}
	if p := t.Definition.Partition; p != nil && p.Gone {
		if s.State == Paused {
			s.State = Published // so that everybody leaves it
		}
		return
	}
	s.Wanted = true
	switch s.State {
	case Archived:
		s.State = Draft // until it is formed
	case Paused:
		s.State = Published
	}
}

// Coming is what a pass has made of a segment that is not over yet. All segments of a
// pass are told before; then the one write that ends the pass shows them all.
type Coming struct {
	Formed Formed
	// Asked is the revision that everybody was asked, 0 where some were asked another.
	Asked int64
	// Whole tells that the pass was over everybody.
	Whole bool
}

// Come shows what a pass has made of the segment, if it is one up to this generation.
func (s *Segment) Come(shown int64) {
	c := s.Coming
	if c == nil || c.Formed.Generation > shown {
		return
	}
	s.Coming, s.Formed, s.Failure = nil, c.Formed, nil
	if c.Asked == s.Revision && (s.State == Draft || c.Whole) {
		if s.State == Draft && s.Wanted {
			s.State = Published
		}
		s.Wanted = false
	}
}
