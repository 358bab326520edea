package describe

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Limits of a profile.
const (
	MaxVariables  = 500
	MaxCategories = 256 // of one trait
	maxText       = 200 // bytes of a category that are kept
)

func (p *Profile) check() error {
	if p.Size < 1 || p.Others < 0 {
		return fault.Invalid("size", "must be 1 or more, and others 0 or more, got %d and %d", p.Size, p.Others)
	}
	if len(p.Features)+len(p.Traits) > MaxVariables {
		return fault.Invalid("features", "and traits must be at most %d, got %d", MaxVariables, len(p.Features)+len(p.Traits))
	}
	met := map[string]bool{}
	for _, f := range p.Features {
		if met[f.Name] || f.Name == "" {
			return fault.Invalid("features", "must each have a name of their own, got %q", f.Name)
		}
		met[f.Name] = true
		if !f.Inside.sound(p.Size) || !f.Outside.sound(p.Others) {
			return fault.Invalid("features."+f.Name, "must be of at most %d customers inside and %d outside, in finite numbers", p.Size, p.Others)
		}
	}
	for _, t := range p.Traits {
		if met[t.Name] || t.Name == "" {
			return fault.Invalid("traits", "must each have a name of their own, got %q", t.Name)
		}
		met[t.Name] = true
		if err := t.check(p.Size, p.Others); err != nil {
			return err
		}
	}
	return nil
}

func (t *Trait) check(size, others int64) error {
	field := "traits." + t.Name
	if t.InsideKnown < 0 || t.InsideKnown > size || t.OutsideKnown < 0 || t.OutsideKnown > others {
		return fault.Invalid(field, "must be known of at most %d customers inside and %d outside, got %d and %d", size, others, t.InsideKnown, t.OutsideKnown)
	}
	if len(t.Categories) > MaxCategories {
		return fault.Invalid(field, "must have at most %d categories, got %d", MaxCategories, len(t.Categories))
	}
	inside, outside := int64(0), int64(0)
	for _, c := range t.Categories {
		if c.Inside < 0 || c.Outside < 0 || c.Value == "" {
			return fault.Invalid(field, "must have categories with a value and counts of 0 or more, got %+v", c)
		}
		inside, outside = inside+c.Inside, outside+c.Outside
	}
	if inside > t.InsideKnown || outside > t.OutsideKnown {
		return fault.Invalid(field, "must not count a customer twice: %d of %d inside, %d of %d outside", inside, t.InsideKnown, outside, t.OutsideKnown)
	}
	return nil
}

func (s *Summary) sound(most int64) bool {
	for _, x := range []float64{s.Mean, s.M2, s.Min, s.Max, s.P25, s.Median, s.P75} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return s.N >= 0 && s.N <= most && s.M2 >= 0
}
