package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Graph keeps which segments ask about which, in one document: whoever changes it
// sees all of it, and two who do so at once see each other.
type Graph struct {
	docs *docstore.Collection[graph]
}

type graph struct {
	docstore.Meta `bson:",inline"`
	Asks          []asks  `bson:"asks,omitempty"`
	Claims        []claim `bson:"claims,omitempty"`
}

type asks struct {
	Segment string   `bson:"segment"`
	Of      []string `bson:"of"`
}

type claim struct {
	Token   string    `bson:"token"`
	Segment string    `bson:"segment"`
	Asks    []string  `bson:"asks,omitempty"`
	Leaves  bool      `bson:"leaves,omitempty"`
	At      time.Time `bson:"at"`
}

const graphID = "segments"

func openGraph(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Graph, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[graph]{Name: "graph"}, docstore.WithClock(clock))
	return &Graph{docs}, err
}

// Get returns the graph.
func (s *Graph) Get(ctx context.Context) (domain.Graph, error) {
	doc, err := s.docs.Get(ctx, graphID)
	if errors.Is(err, docstore.ErrNotFound) {
		return domain.Graph{}, nil
	}
	if err != nil {
		return domain.Graph{}, err
	}
	return doc.domain(), nil
}

// Change reads the graph, lets change alter it and writes it, again if somebody else
// was faster. docstore.ErrUnchanged leaves it as it is.
func (s *Graph) Change(ctx context.Context, change func(*domain.Graph) error) error {
	_, err := s.docs.Upsert(ctx, graphID, func(doc *graph, _ bool) error {
		g := doc.domain()
		if err := change(&g); err != nil {
			return err
		}
		doc.set(g)
		return nil
	})
	return err
}

func (d *graph) domain() domain.Graph {
	g := domain.Graph{Asks: make(map[string][]string, len(d.Asks))}
	for _, a := range d.Asks {
		g.Asks[a.Segment] = a.Of
	}
	for _, c := range d.Claims {
		g.Claims = append(g.Claims, domain.Claim(c))
	}
	return g
}

func (d *graph) set(g domain.Graph) {
	d.Asks, d.Claims = nil, nil
	for segment, of := range g.Asks {
		d.Asks = append(d.Asks, asks{segment, of})
	}
	slices.SortFunc(d.Asks, func(a, b asks) int { return cmp.Compare(a.Segment, b.Segment) })
	for _, c := range g.Claims {
		d.Claims = append(d.Claims, claim(c))
	}
}
