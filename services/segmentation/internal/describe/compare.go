package describe

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/stat"
)

// compare compares every number and every category, and ranks the differences.
func compare(p Profile) ([]Distinction, error) {
	var all []Distinction
	for _, f := range p.Features {
		d, ok, err := f.compare()
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, d)
		}
	}
	for _, t := range p.Traits {
		some, err := t.compare()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	raw := make([]float64, len(all))
	for i := range all {
		raw[i] = all[i].P
	}
	adjusted, err := stat.BenjaminiHochberg(raw)
	if err != nil {
		return nil, err
	}
	enough := p.Size >= MinSize && p.Others >= MinSize
	for i := range all {
		d := &all[i]
		d.PAdjusted = adjusted[i]
		d.Distinguishing = enough && d.PAdjusted < maxAdjusted && math.Abs(d.Effect) >= minEffect &&
			(d.Category == "" || d.Effect > 0 && d.Inside.Value*float64(d.Inside.N) >= minCategory-0.5)
	}
	slices.SortStableFunc(all, func(a, b Distinction) int {
		if a.Distinguishing != b.Distinguishing {
			if a.Distinguishing {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect)), strings.Compare(a.Name, b.Name), strings.Compare(a.Category, b.Category))
	})
	return all, nil
}

// compare compares the means; not ok where too little is known, or nothing varies.
func (f Feature) compare() (d Distinction, ok bool, err error) {
	in, out := f.Inside, f.Outside
	if in.N < 2 || out.N < 2 || in.M2 == 0 && out.M2 == 0 && in.Mean == out.Mean {
		return d, false, nil
	}
	d = Distinction{Variable: f.known(), MedianInside: in.Median, MedianOutside: out.Median}
	if in.M2 == 0 && out.M2 == 0 {
		return f.constant(d)
	}
	l, err := stat.LiftOfMeans(in.Spread, out.Spread, level)
	if err != nil {
		return d, false, err
	}
	d.Inside, d.Outside, d.P = l.Treated, l.HoldOut, l.P
	if pooled := math.Sqrt((in.M2 + out.M2) / float64(in.N+out.N-2)); l.Absolute.Value != 0 {
		d.Effect = max(-constantEffect, min(constantEffect, l.Absolute.Value/pooled))
	}
	return d, true, nil
}

// constant compares a number that is one inside and another outside: whoever has the
// one is inside, which is tested as a share.
func (f Feature) constant(d Distinction) (Distinction, bool, error) {
	l, err := stat.LiftOfShares(stat.Trials{Successes: f.Inside.N, N: f.Inside.N}, stat.Trials{N: f.Outside.N}, level)
	if err != nil {
		return d, false, err
	}
	at := func(s Summary) stat.Estimate {
		return stat.Estimate{Value: s.Mean, Low: s.Mean, High: s.Mean, Level: level, Method: stat.MethodWelch, N: s.N}
	}
	d.Inside, d.Outside, d.P = at(f.Inside), at(f.Outside), l.P
	d.Effect = math.Copysign(constantEffect, f.Inside.Mean-f.Outside.Mean)
	return d, true, nil
}

// compare compares the share of each category that anybody has.
func (t Trait) compare() ([]Distinction, error) {
	if t.InsideKnown == 0 || t.OutsideKnown == 0 {
		return nil, nil
	}
	var all []Distinction
	for _, c := range t.Categories {
		if c.Inside+c.Outside == 0 {
			continue
		}
		l, err := stat.LiftOfShares(stat.Trials{Successes: c.Inside, N: t.InsideKnown}, stat.Trials{Successes: c.Outside, N: t.OutsideKnown}, level)
		if err != nil {
			return nil, err
		}
		d := Distinction{Variable: t.known(), Category: c.Value, Inside: l.Treated, Outside: l.HoldOut, P: l.P}
		d.Effect = 2*math.Asin(math.Sqrt(d.Inside.Value)) - 2*math.Asin(math.Sqrt(d.Outside.Value))
		if c.Outside > 0 {
			lift := d.Inside.Value / d.Outside.Value
			d.Lift = &lift
		}
		all = append(all, d)
	}
	return all, nil
}

// mostSaid is how many differences a text tells of.
const mostSaid = 4

// worthSaying are the strongest differences, one of each subject: a customer who
// orders often also has many days with orders, which needs no second sentence.
func (d *Description) worthSaying() []Distinction {
	var said []Distinction
	met := map[string]bool{}
	for _, x := range d.Distinctions {
		subject := phraseOf(x.Name).subject
		if subject == "" {
			subject = x.Name
		}
		if !x.Distinguishing || met[subject] || len(said) == mostSaid {
			continue
		}
		met[subject] = true
		said = append(said, x)
	}
	return said
}
