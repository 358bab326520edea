package domain

import (
	"cmp"
	"slices"
	"time"
)

// Satisfaction is what a customer answered to the surveys of one kind.
type Satisfaction struct {
	Customer  string
	Kind      Kind
	Responses int64
	Share     float64 // the last answer as a share of its scale, 0 to 1
	Time      time.Time
	recorded  time.Time
}

// scales are the best scores of the kinds; the worst is 0.
var scales = map[Kind]float64{NPS: 10}

// Opinions gathers one customer's answers.
type Opinions struct {
	Customer string
	byKind   map[Kind]*Satisfaction
}

// Take counts an answer to a survey of a kind.
func (o *Opinions) Take(kind Kind, a Answer) {
	scale := scales[kind]
	if scale == 0 {
		return
	}
	s := o.byKind[kind]
	if s == nil {
		if o.byKind == nil {
			o.byKind = make(map[Kind]*Satisfaction)
		}
		s = &Satisfaction{Customer: o.Customer, Kind: kind}
		o.byKind[kind] = s
	}
	s.Responses++
	if s.Responses == 1 || a.Behind(Answer{Time: s.Time, Recorded: s.recorded}) {
		s.Share, s.Time, s.recorded = float64(a.Score)/scale, a.Time, a.Recorded
	}
}

// All are what the answers come to, in the order of the kinds.
func (o *Opinions) All() []*Satisfaction {
	all := make([]*Satisfaction, 0, len(o.byKind))
	for _, s := range o.byKind {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Satisfaction) int { return cmp.Compare(a.Kind, b.Kind) })
	return all
}
