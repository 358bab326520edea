package store

import (
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// turns say, to who walks over a range of records in the order of their escaped
// ids, when it is the turn of merged records: directly behind the root's own. A
// record's own place is then passed over. Its strings are escaped ids.
type turns struct {
	roots []turn // to come, in order
	skips map[string]struct{}
}

// turn is a customer of several records.
type turn struct {
	key    string
	merged []string
}

// newTurns are those of the roots within a range.
func newTurns(forest *domain.Forest, within docstore.Range) *turns {
	t := &turns{skips: map[string]struct{}{}}
	for _, root := range forest.Roots() {
		at := turn{key: docstore.ID(root)}
		for _, record := range forest.Members(root)[1:] {
			key := docstore.ID(record)
			at.merged = append(at.merged, key)
			t.skips[key] = struct{}{}
		}
		if at.key >= within.From && (within.To == "" || at.key < within.To) {
			t.roots = append(t.roots, at)
		}
	}
	slices.SortFunc(t.roots, func(a, b turn) int { return strings.Compare(a.key, b.key) })
	return t
}

// before takes the roots whose turn comes before a record.
func (t *turns) before(key string) []turn {
	n := 0
	for n < len(t.roots) && t.roots[n].key < key {
		n++
	}
	due := t.roots[:n]
	t.roots = t.roots[n:]
	return due
}

// rest takes the roots whose turn comes at the end.
func (t *turns) rest() []turn {
	due := t.roots
	t.roots = nil
	return due
}

// skip reports whether a record has its turn elsewhere.
func (t *turns) skip(key string) bool {
	_, merged := t.skips[key]
	return merged
}
