package mapping

import (
	"fmt"
	"maps"
	"slices"
)

// Columns says how the columns of a file of anything but orders are read. It is not
// changed once made.
type Columns struct {
	Name string `bson:"name,omitempty"`
	// Titles are those under which a field may stand, by the field: of several, the
	// first whose value in the row is not empty counts.
	Titles map[string][]string `bson:"titles"`
	Zone   string              `bson:"zone,omitempty"` // IANA, of times that state none
}

// Key tells them apart: two that say the same have one. That of nil is empty.
func (c *Columns) Key() string {
	if c == nil {
		return ""
	}
	key := fmt.Sprintf("%q %q", c.Name, c.Zone)
	for _, field := range slices.Sorted(maps.Keys(c.Titles)) {
		key += fmt.Sprintf(" %s=%q", field, c.Titles[field])
	}
	return key
}
