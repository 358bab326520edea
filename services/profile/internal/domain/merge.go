package domain

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// MaxRecords is the most records that may be one customer.
const MaxRecords = 1000

// Links are a record's part in merges. They say nothing about the person.
//
// A record belongs to another when both say so: its own Into names the other,
// and the other lists it with the same Token. So it is one write, that of the
// list, which makes a merge or undoes it.
type Links struct {
	Into   *Link    // nil: the record has given way in no merge
	Merged []Branch // in the order in which they were merged
}

// Link names the record to which another gives way.
type Link struct {
	Customer string // the record it gives way to
	Merge    string // the merge, as the journal names it
	Token    string // the attempt at it
}

// Branch is a record, with those merged into it, that has been merged into another.
type Branch struct {
	Customer string
	Token    string // as in its Link
	Records  int    // how many records it brought, itself included, at most
}

// Any reports whether the record has a part in a merge.
func (l Links) Any() bool { return l.Into != nil || len(l.Merged) > 0 }

// Lists reports whether an attempt at a merge has come to be in force here.
func (l Links) Lists(token string) bool {
	return slices.ContainsFunc(l.Merged, func(b Branch) bool { return b.Token == token })
}

// Records is how many records there are with those merged into this one, at most.
func (l Links) Records() int {
	records := 1
	for _, b := range l.Merged {
		records += b.Records
	}
	return records
}

// holds reports whether parent says as well what the link of a record says.
func (l *Link) holds(record string, parent Links) bool {
	return l != nil && slices.ContainsFunc(parent.Merged, func(b Branch) bool {
		return b.Customer == record && b.Token == l.Token
	})
}

// Forest tells which records are one customer. The nil Forest knows of no merge.
type Forest struct {
	root   map[string]string   // of the merged records
	merged map[string][]string // below a root, in the order in which they were merged
}

// NewForest reads the links of records, those without any left out or not. A link
// of which only one side is told, or says so, does not hold.
func NewForest(records map[string]Links) *Forest {
	f := &Forest{root: map[string]string{}, merged: map[string][]string{}}
	linked := func(id string) bool {
		l := records[id].Into
		return l != nil && l.holds(id, records[l.Customer])
	}
	for id, links := range records {
		if len(links.Merged) > 0 && !linked(id) {
			f.grow(records, id, id)
		}
	}
	return f
}

// grow adds what was merged into a record to the records below a root.
func (f *Forest) grow(records map[string]Links, root, record string) {
	for _, branch := range records[record].Merged {
		id := branch.Customer
		l := records[id].Into
		if l == nil || l.Customer != record || l.Token != branch.Token {
			continue
		}
		if _, twice := f.root[id]; twice || id == root {
			continue // cannot be, and must not go round for ever
		}
		f.root[id] = root
		f.merged[root] = append(f.merged[root], id)
		f.grow(records, root, id)
	}
}

// Empty reports whether no record is merged.
func (f *Forest) Empty() bool { return f == nil || len(f.root) == 0 }

// Root is the record by whose name the customer goes to whom a record belongs:
// itself where it is not merged.
func (f *Forest) Root(id string) string {
	if f != nil {
		if root, ok := f.root[id]; ok {
			return root
		}
	}
	return id
}

// Members are all records of the customer to whom one belongs: the root, then
// those merged into it in the order in which they were merged, each followed by
// those merged into it before.
func (f *Forest) Members(id string) []string {
	root := f.Root(id)
	if f == nil {
		return []string{root}
	}
	return append([]string{root}, f.merged[root]...)
}

// Roots are the customers of more than one record, in no stated order.
func (f *Forest) Roots() []string {
	if f == nil {
		return nil
	}
	roots := make([]string, 0, len(f.merged))
	for root := range f.merged {
		roots = append(roots, root)
	}
	return roots
}

// View shows records as the one customer that they are: the first is the root,
// the others follow as in Forest.Members. A field is that of the first record
// that has it; identifiers are those of all. Its Version stands for the versions
// of all records, and belongs to none of them: a view is never written.
func View(records []Customer) Customer {
	if len(records) == 1 {
		return records[0]
	}
	view := records[len(records)-1]
	for _, r := range slices.Backward(records[:len(records)-1]) {
		view.Learn(&r.Details) // what is known nearer to the root wins
	}
	root := &records[0]
	view.ID, view.CreatedAt, view.Links = root.ID, root.CreatedAt, root.Links
	view.Row, view.Request, view.Origin = root.Row, root.Request, root.Origin
	view.Identifiers = nil
	for _, r := range records {
		for _, i := range r.Identifiers {
			if !contains(view.Identifiers, i) {
				view.Identifiers = append(view.Identifiers, i)
			}
		}
		if r.UpdatedAt.After(view.UpdatedAt) {
			view.UpdatedAt = r.UpdatedAt
		}
	}
	for _, r := range records[1:] {
		view.Merged = append(view.Merged, r.ID)
	}
	view.Version = versionOf(records)
	return view
}

// Without leaves out of identifiers those of a view that are not the record's
// own: they belong to the records it is merged with, and stay theirs when someone
// who has read the view writes it back to this record.
func (c *Customer) Without(identifiers, own []Identifier) []Identifier {
	var kept []Identifier
	for _, i := range identifiers {
		if contains(own, i) || !contains(c.Identifiers, i) {
			kept = append(kept, i)
		}
	}
	return kept
}

// versionOf stands for the versions of all records of a view: 62 bits of a hash,
// and one that tells it from the version of a single record.
func versionOf(records []Customer) int64 {
	hash := sha256.New()
	for _, r := range records {
		var number [16]byte
		binary.BigEndian.PutUint64(number[:8], uint64(len(r.ID)))
		binary.BigEndian.PutUint64(number[8:], uint64(r.Version))
		hash.Write(number[:])
		hash.Write([]byte(r.ID))
	}
	sum := binary.BigEndian.Uint64(hash.Sum(nil))
	return int64(sum&(1<<62-1) | 1<<62)
}
