package domain

import "time"

// Pass is one forming of a segment's members. Its generation is shared by the
// segments formed together; later passes have larger ones.
type Pass struct {
	Segment    string
	Generation int64
	// Operation is the name of the operation that forms it.
	Operation string
	Members   int64
	Entered   int64
	Left      int64
	At        time.Time // when it was published; zero before
	AsOf      time.Time // of the valuations; zero without
	// Published tells that it has been what the segment shows. It may be set a
	// moment late, but always before another pass is published.
	Published bool
	// SupersededAt is when another pass was published, about; zero before.
	SupersededAt time.Time
	// Purged tells that its memberships have been removed.
	Purged bool
	// Hidden is as that of Formed.
	Hidden  []string
	Version int64
}

// Hide is as that of Formed.
func (p *Pass) Hide(customers []string) bool { return hide(&p.Members, &p.Hidden, customers) }

// Unhide is as that of Formed.
func (p *Pass) Unhide(customers []string) bool { return unhide(&p.Hidden, customers) }
