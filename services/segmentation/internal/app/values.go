package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// Recorded reads the values that were recorded with moves: it keeps the definitions of
// the revisions that it has met. It is for one call.
type Recorded struct {
	a     *App
	reads map[revisionOf][]string // nil where it is not known any more what was read
}

type revisionOf struct {
	segment  string
	revision int64
}

// Recorded makes a reader of recorded values.
func (a *App) Recorded() *Recorded { return &Recorded{a, map[revisionOf][]string{}} }

// Of returns the values recorded with each of some moves; none where it cannot be told
// any more what they are of. Those that describe a person whose data key has been
// destroyed are empty.
func (r *Recorded) Of(ctx context.Context, moves []standing.Move) ([][]criterion.Value, error) {
	if err := r.a.standings.Unseal(ctx, moves); err != nil {
		return nil, err
	}
	all := make([][]criterion.Value, len(moves))
	for i := range moves {
		var err error
		if all[i], err = r.of(ctx, &moves[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *Recorded) of(ctx context.Context, m *standing.Move) ([]criterion.Value, error) {
	key := revisionOf{m.Segment, m.Revision}
	reads, known := r.reads[key]
	if !known {
		var err error
		if reads, err = r.readsOf(ctx, key); err != nil {
			return nil, err
		}
		r.reads[key] = reads
	}
	f, err := facts.RecallParted(reads, m.Recorded, m.Own)
	if err != nil || len(reads) == 0 {
		return nil, nil //nolint:nilerr // it was recorded when the definition read other facts
	}
	values := Values(reads, f)
	if _, own := facts.Parted(reads); m.Lost {
		for _, name := range own {
			values = append(values, criterion.Value{Fact: name})
		}
	}
	return values, nil
}

func (r *Recorded) readsOf(ctx context.Context, key revisionOf) ([]string, error) {
	s, err := r.a.store.Segments.Get(ctx, key.segment)
	var revision domain.Revision
	if err == nil {
		revision, err = r.a.store.Revisions.Get(ctx, &s, key.revision)
	}
	var made criterion.Criterion
	if err == nil {
		made, err = r.a.criteria.Of(ctx, s.ListKey(), revision.Definition)
	}
	if _, is := fault.As(err); is {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return made.Reads(), nil
}

// Values are facts as people read them; those that are not known are left out.
func Values(names []string, f *facts.Facts) []criterion.Value {
	var values []criterion.Value
	for _, name := range names {
		if list, is := strings.CutPrefix(name, "lists."); is {
			values = append(values, criterion.Value{Fact: ShownFact(name), Text: strconv.FormatBool(slices.Contains(f.Lists, list))})
			continue
		}
		field, is := facts.Lookup(name)
		if attribute, own := strings.CutPrefix(name, "attributes."); !is && own {
			as := attributeOf(attribute, f).Field()
			field, is = &as, true
		}
		if is && field.Known(f) {
			values = append(values, criterion.Value{Fact: name, Text: field.Format(f)})
		}
	}
	return values
}

// ShownFact is the name of a fact as callers know it: of a list the segment's id is.
func ShownFact(name string) string {
	shown, _, _ := strings.Cut(name, domain.ListMark)
	return shown
}

// ShownFacts are the names of facts as callers know them.
func ShownFacts(names []string) []string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = ShownFact(name)
	}
	return shown
}

// attributeOf is an attribute by the value that a customer has.
func attributeOf(name string, f *facts.Facts) facts.Attribute {
	a := facts.Attribute{Name: name, Type: facts.Text}
	switch f.Customer.Attributes[name].(type) {
	case bool:
		a.Type = facts.Bool
	case int64:
		a.Type = facts.Int
	case float64:
		a.Type = facts.Double
	case facts.Date:
		a.Type = facts.Calendar
	case time.Time:
		a.Type = facts.Timestamp
	case []string:
		a.Type = facts.Texts
	}
	return a
}
