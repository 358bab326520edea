package recommend

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// tables are the room's collections. All but the models themselves are the rows
// of one model each, written once and purged with it.
//
//	recommendation_models      _id model
//	recommendation_parts       _id model!token!part  the customers as read, until it is published
//	recommendation_items       _id model!rank        an item and its neighbours
//	recommendation_categories  _id model             how categories follow each other
//	search_gaps                _id model!term
type tables struct {
	models     *docstore.Collection[model]
	parts      *docstore.Collection[part]
	items      *docstore.Collection[item]
	categories *docstore.Collection[chain]
	gaps       *docstore.Collection[gapRow]
}

// Indexes.
const (
	byTraining    = "trained"   // models by the time at which training began
	byPublication = "published" // the published ones by the time at which they were
	byRows        = "kept"      // those whose rows are there
	byRank        = "rank"      // search gaps of a model, those of the most customers first
)

// State is where a model stands.
type State string

// The states.
const (
	Training   State = "training"
	Published  State = "published"
	Superseded State = "superseded"
	Failed     State = "failed"
)

// model is a model as stored, but for its rows.
type model struct {
	docstore.Meta `bson:",inline"`
	State         State     `bson:"state"`
	Policy        Policy    `bson:"policy"`
	Figures       figures   `bson:"figures"`
	Items         int64     `bson:"items"`
	LeftOut       int64     `bson:"left_out"`
	Pairs         int64     `bson:"pairs"`
	Categories    int64     `bson:"categories"`
	Gaps          int64     `bson:"gaps"`
	Created       time.Time `bson:"created"`
	Published     time.Time `bson:"published"`
	SupersededAt  time.Time `bson:"superseded"`
	Purged        bool      `bson:"purged"`
}

// item is an item of a model.
type item struct {
	docstore.Meta `bson:",inline"`
	SKU           string `bson:"sku"`
	Category      string `bson:"category"`
	Buyers        int64  `bson:"buyers"`
	Again         int64  `bson:"again"`
	Viewers       int64  `bson:"viewers"`
	Bought        []byte `bson:"bought"` // neighbours of having bought it, packed
	Viewed        []byte `bson:"viewed"` // of having looked at it
}

// chain is the transitions between categories.
type chain struct {
	docstore.Meta `bson:",inline"`
	Names         []string `bson:"names"`
	Sums          []byte   `bson:"sums"` // steps, packed
}

// gapRow is a search term without results.
type gapRow struct {
	docstore.Meta `bson:",inline"`
	Term          string `bson:"term"`
	Gap           `bson:",inline"`
}

func (g *gapRow) rank() string {
	of := docstore.ParseID(g.ID)[0]
	return docstore.Key(docstore.String(of), docstore.Desc(docstore.Int(g.Customers)),
		docstore.Desc(docstore.Int(g.Searches)), docstore.String(g.Term))
}

func openTables(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*tables, error) {
	t := &tables{}
	with := docstore.WithClock(clock)
	var errs [5]error
	t.models, errs[0] = docstore.Open(ctx, engine, docstore.Schema[model]{
		Name: "recommendation_models",
		Indexes: []docstore.Index[model]{
			{Name: byTraining, Key: func(m *model) string { return docstore.Key(docstore.Time(m.Created)) }},
			{Name: byPublication, Key: func(m *model) string {
				if m.State != Published {
					return ""
				}
				return docstore.Key(docstore.Time(m.Published))
			}},
			{Name: byRows, Key: func(m *model) string {
				if m.Purged {
					return ""
				}
				return docstore.Key(docstore.String(m.ID))
			}},
		},
	}, with)
	t.parts, errs[1] = docstore.Open(ctx, engine, docstore.Schema[part]{Name: "recommendation_parts"}, with)
	t.items, errs[2] = docstore.Open(ctx, engine, docstore.Schema[item]{Name: "recommendation_items"}, with)
	t.categories, errs[3] = docstore.Open(ctx, engine, docstore.Schema[chain]{Name: "recommendation_categories"}, with)
	t.gaps, errs[4] = docstore.Open(ctx, engine, docstore.Schema[gapRow]{
		Name: "search_gaps", Indexes: []docstore.Index[gapRow]{{Name: byRank, Key: (*gapRow).rank}},
	}, with)
	return t, errors.Join(errs[:]...)
}

func partID(model string, token int64, n int) string {
	return docstore.ID(model, fmt.Sprintf("%016d", token), fmt.Sprintf("%08d", n))
}

func itemID(model string, rank int) string { return docstore.ID(model, fmt.Sprintf("%06d", rank)) }

// get returns a model, or a NotFound fault.
func (t *tables) get(ctx context.Context, id string) (*model, error) {
	m, err := t.models.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, fault.New(fault.NotFound, "RECOMMENDATION_MODEL_NOT_FOUND", "there is no recommendation model %q", id).Because(err)
	}
	return m, err
}

// last is the range of the model published last.
var last = docstore.Range{Index: byPublication, Reverse: true, Limit: 1}

// current is the model published last, nil where there is none.
func (t *tables) current(ctx context.Context) (*model, error) {
	for m, err := range t.models.Scan(ctx, last) {
		return m, err
	}
	return nil, nil
}

// currentID is the id of its document, which takes no decoding; "" for none.
func (t *tables) currentID(ctx context.Context) (string, error) {
	for entry, err := range t.models.ScanRaw(ctx, last) {
		return entry.ID, err
	}
	return "", nil
}

// write stores rows, whatever was there.
func write[T any](ctx context.Context, rows *docstore.Collection[T], docs []*T) error {
	const batch = 500
	for len(docs) > 0 {
		n := min(batch, len(docs))
		ops := make([]docstore.Op[T], n)
		for i, doc := range docs[:n] {
			ops[i] = docstore.Op[T]{Doc: doc, Expect: docstore.Any}
		}
		errs, err := rows.Write(ctx, ops)
		if err := errors.Join(append(errs, err)...); err != nil {
			return err
		}
		docs = docs[n:]
	}
	return nil
}

// purge removes the rows of a model.
func (t *tables) purge(ctx context.Context, id string) error {
	own := docstore.Within(docstore.ID(id))
	one := docstore.Range{From: docstore.ID(id), To: own.From}
	return errors.Join(t.parts.Purge(ctx, own), t.items.Purge(ctx, own), t.categories.Purge(ctx, one), t.gaps.Purge(ctx, own))
}
