package loyalty

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/valuation/internal/editions"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
)

type policyDoc struct {
	docstore.Meta `bson:",inline"`
	NameEN        string         `bson:"name_en,omitempty"`
	NameZH        string         `bson:"name_zh,omitempty"`
	Components    []componentDoc `bson:"components"`
	Tiers         []tierDoc      `bson:"tiers"`
	MinKnown      int            `bson:"min_known"`
	Automatic     bool           `bson:"automatic"`
	Request       aip.RequestKey `bson:"request"`
	CreateTime    time.Time      `bson:"create_time"`
	UpdateTime    time.Time      `bson:"update_time"`
}

type componentDoc struct {
	Factor     Factor  `bson:"factor"`
	Weight     float64 `bson:"weight"`
	Floor      float64 `bson:"floor"`
	Saturation float64 `bson:"saturation"`
}

type tierDoc struct {
	ID        string  `bson:"id"`
	Threshold float64 `bson:"threshold"`
	NameEN    string  `bson:"name_en,omitempty"`
	NameZH    string  `bson:"name_zh,omitempty"`
}

func (d *policyDoc) set(p *Policy) {
	*d = policyDoc{
		Meta: d.Meta, NameEN: p.NameEN, NameZH: p.NameZH, MinKnown: p.MinKnown, Automatic: p.Automatic,
		Components: each(p.Components, func(c Component) componentDoc { return componentDoc(c) }),
		Tiers:      each(p.Tiers, func(t Tier) tierDoc { return tierDoc(t) }),
		Request:    p.Request, CreateTime: p.CreateTime, UpdateTime: p.UpdateTime,
	}
}

func (d *policyDoc) policy() *Policy {
	return &Policy{
		ID: docstore.ParseID(d.ID)[0], NameEN: d.NameEN, NameZH: d.NameZH, MinKnown: d.MinKnown, Automatic: d.Automatic,
		Components: each(d.Components, func(c componentDoc) Component { return Component(c) }),
		Tiers:      each(d.Tiers, func(t tierDoc) Tier { return Tier(t) }),
		Request:    d.Request, CreateTime: d.CreateTime, UpdateTime: d.UpdateTime, Version: d.Version,
	}
}

// standingDoc is a standing as it is stored; there are as many as customers.
type standingDoc struct {
	docstore.Meta `bson:",inline"`
	Score         *float64          `bson:"score,omitempty"` // nil without a score
	Tier          string            `bson:"tier"`
	Parts         []contributionDoc `bson:"parts"`
}

type contributionDoc struct {
	Factor Factor   `bson:"f"`
	Value  *float64 `bson:"v,omitempty"` // nil where it is not known
	Reason string   `bson:"r,omitempty"`
	Weight float64  `bson:"w"`
	Share  float64  `bson:"h"`
	Score  float64  `bson:"s"`
	Points float64  `bson:"p"`
}

func newStandingDoc(policy string, number int64, s *Standing) *standingDoc {
	return &standingDoc{
		Meta:  docstore.Meta{ID: docstore.ID(policy, editions.Key(number), s.Customer)},
		Score: s.score(), Tier: s.Tier,
		Parts: each(s.Contributions, func(c Contribution) contributionDoc {
			return contributionDoc{c.Factor, c.value(), c.Reason, c.Weight, c.Share, c.Score, c.Points}
		}),
	}
}

func (d *standingDoc) standing() *Standing {
	s := &Standing{Customer: docstore.ParseID(d.ID)[2], Tier: d.Tier}
	if d.Score != nil {
		s.Scored, s.Score = true, *d.Score
	}
	s.Contributions = each(d.Parts, func(p contributionDoc) Contribution {
		c := Contribution{Factor: p.Factor, Figure: facts.Figure{Reason: p.Reason}, Weight: p.Weight, Share: p.Share, Score: p.Score, Points: p.Points}
		if p.Value != nil {
			c.Known, c.Value = true, *p.Value
		}
		return c
	})
	return s
}

type changeDoc struct {
	docstore.Meta `bson:",inline"`
	AsOf          time.Time  `bson:"as_of"`
	Time          time.Time  `bson:"time"`
	From          string     `bson:"from"`
	To            string     `bson:"to"`
	FromScore     *float64   `bson:"from_score,omitempty"`
	ToScore       *float64   `bson:"to_score,omitempty"`
	Causes        []causeDoc `bson:"causes"`
	Reasons       []string   `bson:"reasons,omitempty"`
}

type causeDoc struct {
	Factor     Factor   `bson:"factor"`
	FromValue  *float64 `bson:"from_value,omitempty"`
	ToValue    *float64 `bson:"to_value,omitempty"`
	FromPoints float64  `bson:"from_points"`
	ToPoints   float64  `bson:"to_points"`
}

func newChangeDoc(policy string, c Change) *changeDoc {
	return &changeDoc{
		Meta: docstore.Meta{ID: docstore.ID(policy, c.Customer, editions.Key(c.Evaluation))},
		AsOf: c.AsOf, Time: c.Time, From: c.From, To: c.To, FromScore: c.FromScore, ToScore: c.ToScore,
		Causes: each(c.Causes, func(c Cause) causeDoc { return causeDoc(c) }), Reasons: c.Reasons,
	}
}

func (d *changeDoc) change() (c Change, err error) {
	id := docstore.ParseID(d.ID)
	c = Change{
		Customer: id[1], AsOf: d.AsOf, Time: d.Time, From: d.From, To: d.To, FromScore: d.FromScore, ToScore: d.ToScore,
		Causes: each(d.Causes, func(c causeDoc) Cause { return Cause(c) }), Reasons: d.Reasons,
	}
	c.Evaluation, err = editions.Number(id[2])
	return c, err
}

func newStatusDocs(all []facts.Status) []statusDoc {
	return each(all, func(s facts.Status) statusDoc { return statusDoc{string(s.Kind), s.Peer, s.Reason, s.Time, s.Records} })
}

func (e *Evaluation) statuses() []facts.Status {
	return each(e.Sources, func(d statusDoc) facts.Status {
		return facts.Status{Kind: facts.Kind(d.Kind), Peer: d.Peer, Reason: d.Reason, Time: d.Time, Records: d.Records}
	})
}

// each is as converted, nil for nothing.
func each[From, To any](from []From, convert func(From) To) []To {
	if len(from) == 0 {
		return nil
	}
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = convert(v)
	}
	return to
}
