package importer

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/app"
)

// seen is a key (of an order, or a customer) that a row of the file had, noted
// where the record itself does not tell: because it was there just so and was not
// written, or because nothing is written at all. Of several rows with one key the
// first counts.
type seen struct {
	docstore.Meta `bson:",inline"`
	Row           int64 `bson:"row"`
}

// keys keeps the keys seen, by run, until the import has ended.
type keys struct {
	docs *docstore.Collection[seen]
}

func openKeys(ctx context.Context, e docstore.Engine, clock func() time.Time) (keys, error) {
	docs, err := docstore.Open(ctx, e, docstore.Schema[seen]{Name: "import_keys"}, docstore.WithClock(clock))
	return keys{docs}, err
}

// keyed is a record's place in its batch, with its key and its row.
type keyed struct {
	place int
	id    string // run!key
	row   int64
}

// once records the records of a batch so that of those with one key the first
// counts, and returns an outcome for each: that of again for the others, told the row
// that counts. record records the given ones.
func (i *Importer) once(ctx context.Context, f *file, records []keyed, again func(row int64) app.Outcome, record func([]keyed) ([]app.Outcome, error)) ([]app.Outcome, error) {
	all := make([]app.Outcome, len(records))
	known := f.DryRun || f.Tally.Counts.Unchanged > 0
	for len(records) > 0 {
		wave, later := apart(records)
		records = later
		if known {
			var err error
			if wave, err = i.keys.unseen(ctx, wave, all, again); err != nil {
				return nil, err
			}
		}
		outcomes, err := record(wave)
		if err != nil {
			return nil, err
		}
		var note []keyed
		for n, out := range outcomes {
			all[wave[n].place] = out
			if out.Effect == app.Unchanged || f.DryRun && out.Effect != app.Refused {
				note = append(note, wave[n])
			}
		}
		if len(note) > 0 {
			known = true
			if err := i.keys.note(ctx, note); err != nil {
				return nil, err
			}
		}
		records = withoutTaken(records, wave, all, again)
	}
	return all, nil
}

// withoutTaken returns the records whose key none of the wave has taken, and
// concludes the others.
func withoutTaken(records, wave []keyed, outcomes []app.Outcome, again func(row int64) app.Outcome) (free []keyed) {
	if len(records) == 0 {
		return nil
	}
	taken := make(map[string]int64, len(wave))
	for _, r := range wave {
		if outcomes[r.place].Effect != app.Refused {
			taken[r.id] = r.row
		}
	}
	for _, r := range records {
		if row, met := taken[r.id]; met {
			outcomes[r.place] = again(row)
		} else {
			free = append(free, r)
		}
	}
	return free
}

func duplicateOf(row int64) app.Outcome {
	return app.Outcome{Fault: invalid("name", "DUPLICATE_IN_FILE", "is the same as in row %d of the file, which counts", row)}
}

// repeatable records the records of a batch of which the same may come again: that
// changes nothing, and the records themselves tell, but where nothing is written.
func (i *Importer) repeatable(ctx context.Context, f *file, records []keyed, record func([]keyed) ([]app.Outcome, error)) ([]app.Outcome, error) {
	if !f.DryRun {
		return record(records)
	}
	return i.once(ctx, f, records, func(int64) app.Outcome { return app.Outcome{Effect: app.Unchanged} }, record)
}

// apart splits records into the first of each key, and the others.
func apart(records []keyed) (first, others []keyed) {
	met := make(map[string]struct{}, len(records))
	for n, r := range records {
		if _, again := met[r.id]; !again {
			met[r.id] = struct{}{}
			if others != nil {
				first = append(first, r)
			}
			continue
		}
		if others == nil { // all before it were the first of their keys
			first = append(make([]keyed, 0, len(records)), records[:n]...)
		}
		others = append(others, r)
	}
	if others == nil {
		return records, nil
	}
	return first, others
}

// unseen returns the records whose key no other row had, and concludes the others.
func (s keys) unseen(ctx context.Context, records []keyed, outcomes []app.Outcome, again func(row int64) app.Outcome) ([]keyed, error) {
	ids := make([]string, len(records))
	for n, r := range records {
		ids[n] = r.id
	}
	found, err := s.docs.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	kept := make([]keyed, 0, len(records))
	for n, r := range records {
		if found[n] != nil && found[n].Row != r.row {
			outcomes[r.place] = again(found[n].Row)
			continue
		}
		kept = append(kept, r)
	}
	return kept, nil
}

// note remembers the keys of records. Of one that is noted already the first row stays.
func (s keys) note(ctx context.Context, records []keyed) error {
	ops := make([]docstore.Op[seen], len(records))
	for n, r := range records {
		ops[n] = docstore.Op[seen]{Doc: &seen{Meta: docstore.Meta{ID: r.id}, Row: r.row}, Expect: docstore.Absent}
	}
	return ignoringConflicts(s.docs.Write(ctx, ops))
}

// ignoringConflicts is the first error of a write that is not that the document
// was there already.
func ignoringConflicts(errs []error, err error) error {
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
	return nil
}

// purge forgets the keys of a run.
func (s keys) purge(ctx context.Context, run string) error {
	return s.docs.Purge(ctx, docstore.Within(docstore.ID(run)))
}
