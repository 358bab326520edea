package recommend

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// loaded is a model in memory: some 12 bytes per pair, 12 MB for 10,000 items
// with all their neighbours. It never changes.
type loaded struct {
	id     string
	model  *model
	items  []knownItem // by rank
	rankOf map[string]int32
	chain  transitions
	spare  sync.Pool
}

// knownItem is an item of a loaded model.
type knownItem struct {
	sku, category          string
	buyers, again, viewers int64
	share                  float64 // of all customers, that buy it
	bought, viewed         []neighbour
}

// consumable tells whether it is suggested to those who have bought it.
func (i *knownItem) consumable(share float64) bool {
	return i.again > 0 && float64(i.again) >= share*float64(i.buyers)
}

// load reads the rows of a published model.
func (t *tables) load(ctx context.Context, m *model) (*loaded, error) {
	id := docstore.ParseID(m.ID)[0]
	l := &loaded{id: id, model: m, rankOf: make(map[string]int32, m.Items), chain: newTransitions()}
	for doc, err := range t.items.Scan(ctx, docstore.Within(m.ID)) {
		if err != nil {
			return nil, err
		}
		l.rankOf[doc.SKU] = int32(len(l.items))
		known := knownItem{
			sku: doc.SKU, category: doc.Category, buyers: doc.Buyers, again: doc.Again, viewers: doc.Viewers,
			share: float64(doc.Buyers) / float64(m.Figures.Customers),
		}
		var whole, too bool
		known.bought, whole = unpack(doc.Bought)
		known.viewed, too = unpack(doc.Viewed)
		if !whole || !too {
			return nil, fmt.Errorf("recommendation_items: stored document %q is damaged", doc.ID)
		}
		l.items = append(l.items, known)
	}
	if int64(len(l.items)) != m.Items {
		return nil, fmt.Errorf("recommendation_items: %d of %d items of model %s are there", len(l.items), m.Items, id)
	}
	if err := l.gains(); err != nil {
		return nil, err
	}
	return l, t.loadChain(ctx, l)
}

// gains fills in what follows from the counts.
func (l *loaded) gains() error {
	kappa := l.model.Policy.Smoothing
	for i := range l.items {
		known := &l.items[i]
		for _, list := range []struct {
			n    int64
			with []neighbour
		}{{known.buyers, known.bought}, {known.viewers, known.viewed}} {
			for k := range list.with {
				n := &list.with[k]
				if int(n.item) >= len(l.items) {
					return fmt.Errorf("recommendation_items: item %q of model %s has a neighbour that is not there", known.sku, l.id)
				}
				n.gain = gain(list.n, n.both, l.items[n.item].share, kappa)
			}
		}
	}
	return nil
}

func (t *tables) loadChain(ctx context.Context, l *loaded) error {
	doc, err := t.categories.Get(ctx, l.model.ID)
	if err != nil {
		return err
	}
	for _, name := range doc.Names {
		l.chain.ordinal(name)
	}
	for b := doc.Sums; len(b) > 0; {
		var numbers [3]int64
		for i := range numbers {
			n, size := binary.Varint(b)
			if size <= 0 {
				return fmt.Errorf("recommendation_categories: stored document %q is damaged", l.model.ID)
			}
			numbers[i], b = n, b[size:]
		}
		if !l.chain.add(step{int32(numbers[0]), int32(numbers[1]), numbers[2]}) {
			return fmt.Errorf("recommendation_categories: stored document %q is damaged", l.model.ID)
		}
	}
	return nil
}

// cache keeps the models that are asked for: the last, and the one before for
// pages begun with it.
type cache struct {
	mu     sync.Mutex
	models []*loaded // the one loaded last first
}

const cachedModels = 2

func (c *cache) find(id string) *loaded {
	for _, l := range c.models {
		if l.id == id {
			return l
		}
	}
	return nil
}

// model returns a published model: the one named, or the last. Where that is
// loaded nothing more is read of it.
func (r *Room) model(ctx context.Context, id string) (*loaded, error) {
	if id == "" {
		doc, err := r.tables.currentID(ctx)
		if err != nil {
			return nil, err
		}
		if doc == "" {
			return nil, fault.New(fault.FailedPrecondition, "RECOMMENDATION_MODEL_MISSING",
				"no recommendation model has been trained yet; TrainRecommendationModel makes one")
		}
		id = docstore.ParseID(doc)[0]
	}
	r.loaded.mu.Lock()
	defer r.loaded.mu.Unlock() // one loads, the others wait for it
	if l := r.loaded.find(id); l != nil {
		return l, nil
	}
	m, err := r.tables.get(ctx, id)
	if err != nil {
		return nil, expired(err)
	}
	if m.Purged || m.State == Training || m.State == Failed {
		return nil, expired(nil)
	}
	l, err := r.tables.load(ctx, m)
	if err != nil {
		return nil, err
	}
	r.loaded.models = append([]*loaded{l}, r.loaded.models...)
	r.loaded.models = r.loaded.models[:min(len(r.loaded.models), cachedModels)]
	return l, nil
}

// expired is what a page token of a model that is gone is answered.
func expired(err error) error {
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	f := fault.Invalid("page_token", "has expired: the model it began with is gone; start again without a token")
	f.Reason = "PAGE_TOKEN_EXPIRED"
	return f
}
