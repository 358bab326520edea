package recommend

import (
	"context"
	"errors"
	"iter"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// trainingKind is the name under which trainings are kept: it must stay.
const trainingKind = "train-recommendations"

// progress of a training, as its checkpoints keep it.
type progress struct {
	Settled bool      `bson:"settled"`
	Policy  Policy    `bson:"policy"`
	Staged  []segment `bson:"staged"` // parts, by the run that wrote them
	Last    string    `bson:"last"`   // escaped id of the customer read last
	Read    bool      `bson:"read"`   // all customers are staged
	Done    int       `bson:"done"`   // items whose neighbours are written, by rank
	Pairs   int64     `bson:"pairs"`
	Counted bool      `bson:"counted"` // all rows are written
}

// segment is the parts of one run. They carry its fencing token, so that a run
// that has lost its lease overwrites nothing of its successor's.
type segment struct {
	Token int64 `bson:"token"`
	Parts int   `bson:"parts"`
}

type training struct {
	*Room
	run *operation.Run[*profilev1.TrainRecommendationModelRequest, progress]
	at  progress
	id  string // of the model
}

func (r *Room) register(m *operation.Manager) error {
	return operation.Register(m, trainingKind, operation.Kind[*profilev1.TrainRecommendationModelRequest, progress]{
		Run: func(ctx context.Context, run *operation.Run[*profilev1.TrainRecommendationModelRequest, progress]) (proto.Message, error) {
			t := &training{r, run, run.State, run.ID}
			done, err := t.train(ctx)
			if err != nil {
				return nil, err
			}
			return r.proto(done), nil
		},
	})
}

func (t *training) checkpoint(ctx context.Context) error { return t.run.Checkpoint(ctx, t.at) }

// train goes on from the last checkpoint to the published model.
func (t *training) train(ctx context.Context) (*model, error) {
	if !t.at.Settled {
		if err := t.begin(ctx); err != nil {
			return nil, err
		}
	}
	if !t.at.Counted {
		if err := t.learn(ctx); err != nil {
			return nil, err
		}
	}
	if err := t.tables.parts.Purge(ctx, docstore.Within(docstore.ID(t.id))); err != nil {
		return nil, err
	}
	return t.publish(ctx)
}

// begin settles the policy, so that all runs of the training have one, and notes
// the model before it has any row.
func (t *training) begin(ctx context.Context) error {
	p, err := policyOf(t.run.Request.GetPolicy(), t.deps.Clock())
	if err != nil {
		return err
	}
	_, err = t.tables.models.Upsert(ctx, docstore.ID(t.id), func(m *model, exists bool) error {
		if exists {
			p = m.Policy // of a run that broke off just here
			return docstore.ErrUnchanged
		}
		m.State, m.Policy, m.Created = Training, p, t.deps.Clock().UTC().Truncate(time.Millisecond)
		return nil
	})
	if err != nil {
		return err
	}
	t.at.Policy, t.at.Settled = p, true
	return t.checkpoint(ctx)
}

// learn reads the customers and writes the rows of the model.
func (t *training) learn(ctx context.Context) error {
	c := newCatalogue()
	for p, err := range t.staged(ctx) {
		if err != nil {
			return err
		}
		if err := c.absorb(p); err != nil {
			return err
		}
	}
	if !t.at.Read {
		if err := t.collect(ctx, c); err != nil {
			return err
		}
	}
	if c.figures.Orders == 0 {
		return errors.Join(t.fail(ctx), fault.New(fault.FailedPrecondition, "NOTHING_TO_LEARN",
			"no order with items was placed before %s", t.at.Policy.AsOf.Format(time.RFC3339)))
	}
	ranking := newRanking(c, &t.at.Policy)
	if err := t.pair(ctx, c, ranking); err != nil {
		return err
	}
	gaps, err := t.writeRest(ctx, c)
	if err != nil {
		return err
	}
	_, err = t.tables.models.Update(ctx, docstore.ID(t.id), func(m *model) error {
		m.Figures, m.Items, m.LeftOut = c.figures, int64(len(ranking.places)), int64(len(c.entries)-len(ranking.places))
		m.Pairs, m.Categories, m.Gaps = t.at.Pairs, int64(len(c.categories.names)), gaps
		return nil
	})
	if err != nil {
		return err
	}
	t.at.Counted = true
	return t.checkpoint(ctx)
}

// staged yields the parts that the checkpoints vouch for, in their order.
func (t *training) staged(ctx context.Context) iter.Seq2[*part, error] {
	return func(yield func(*part, error) bool) {
		for _, s := range t.at.Staged {
			r := docstore.Range{From: partID(t.id, s.Token, 0), To: partID(t.id, s.Token, s.Parts)}
			met := 0
			for p, err := range t.tables.parts.Scan(ctx, r) {
				if !yield(p, err) || err != nil {
					return
				}
				met++
			}
			if met != s.Parts {
				yield(nil, errPart)
				return
			}
		}
	}
}

// collect stages the customers behind the last one staged.
func (t *training) collect(ctx context.Context, c *catalogue) error {
	zone, err := t.at.Policy.location()
	if err != nil {
		return err
	}
	span, asOf := store.Span{}, t.at.Policy.AsOf
	if t.at.Last != "" {
		span.From = store.CustomerOf(t.at.Last) + `"` // the place directly behind it
	}
	deeds := noDeeds(ctx)
	if t.deps.Events != nil {
		deeds = t.deps.Events.Deeds(ctx, span, asOf)
	}
	allowed, stop, err := t.deps.Consents.Along(ctx, learning, span.From)
	if err != nil {
		return err
	}
	defer stop()
	col := newCollector(c, zone)
	for one, err := range joined(t.deps.Orders.Baskets(ctx, span, asOf), deeds, zone) {
		if err != nil {
			return err
		}
		may, err := allowed(store.CustomerOf(one.key))
		if err != nil {
			return err
		}
		if !may {
			col.part.Figures.Withheld++
			continue
		}
		if t.at.Policy.OrdersOnly && one.deeds != nil {
			one.deeds.Views = nil
		}
		col.take(one.history, one.deeds)
		if col.full(t.bounds.customers) {
			if err := t.stage(ctx, col, one.key); err != nil {
				return err
			}
		}
	}
	t.at.Read = true
	return t.stage(ctx, col, t.at.Last)
}

// stage makes what was read durable.
func (t *training) stage(ctx context.Context, col *collector, last string) error {
	if n := len(t.at.Staged); n == 0 || t.at.Staged[n-1].Token != t.run.Token() {
		t.at.Staged = append(t.at.Staged, segment{Token: t.run.Token()})
	}
	s := &t.at.Staged[len(t.at.Staged)-1]
	p, err := col.flush()
	if err != nil {
		return err
	}
	p.ID = partID(t.id, s.Token, s.Parts)
	if err := write(ctx, t.tables.parts, []*part{p}); err != nil {
		return err
	}
	s.Parts++
	t.at.Last = last
	t.run.Progress(col.catalogue.figures.Customers, 0, "reading customers")
	return t.checkpoint(ctx)
}

// fail marks the model as one that will not be.
func (t *training) fail(ctx context.Context) error {
	_, err := t.tables.models.Update(ctx, docstore.ID(t.id), func(m *model) error {
		m.State = Failed
		return nil
	})
	return err
}
