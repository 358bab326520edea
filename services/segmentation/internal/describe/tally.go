package describe

import (
	"fmt"
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Tally adds up customers, one after the other, for the descriptions of all segments
// of a division. Its memory does not grow with their number. It is for one goroutine.
type Tally struct {
	numbers  []Variable
	words    []Variable
	sizes    []int64       // by segment
	features [][]quantity  // by number, then segment
	traits   []*categories // by word
}

// Limits of a tally.
const (
	MaxSegments = 200
	// maxCells bounds numbers × segments, and so the memory: each takes some 50 KB.
	maxCells = 2000
)

// NewTally makes one for so many segments, with the numbers and the words that each
// customer comes with.
func NewTally(segments int, numbers, words []Variable) (*Tally, error) {
	if segments < 1 || segments > MaxSegments {
		return nil, fault.Invalid("segments", "must be 1 to %d, got %d", MaxSegments, segments)
	}
	if len(numbers)+len(words) > MaxVariables || len(numbers)*segments > maxCells {
		return nil, fault.Invalid("numbers", "and words must be at most %d, and numbers × segments at most %d, got %d, %d and %d",
			MaxVariables, maxCells, len(numbers), len(words), segments)
	}
	t := &Tally{numbers: slices.Clone(numbers), words: slices.Clone(words), sizes: make([]int64, segments)}
	for range numbers {
		t.features = append(t.features, newQuantities(segments))
	}
	for range words {
		t.traits = append(t.traits, &categories{place: map[string]int{}, known: make([]int64, segments)})
	}
	return t, nil
}

// Add counts a customer of a segment, from 0. A number that is not known is NaN, a
// word that is not known is empty. It fails on a segment that there is not, on other
// lengths than those of the variables, and on an infinite number.
func (t *Tally) Add(segment int, numbers []float64, words []string) error {
	if segment < 0 || segment >= len(t.sizes) {
		return fault.Invalid("segment", "must be 0 to %d, got %d", len(t.sizes)-1, segment)
	}
	if len(numbers) != len(t.numbers) || len(words) != len(t.words) {
		return fault.Invalid("numbers", "must be %d and words %d, got %d and %d", len(t.numbers), len(t.words), len(numbers), len(words))
	}
	for i, x := range numbers {
		if math.IsInf(x, 0) || math.Abs(x) > maxNumber {
			return fault.Invalid("numbers."+t.numbers[i].Name, "must be at most %v, got %v", float64(maxNumber), x)
		}
	}
	t.sizes[segment]++
	for i, x := range numbers {
		if !math.IsNaN(x) {
			t.features[i][segment].add(x)
		}
	}
	for i, w := range words {
		if w != "" {
			t.traits[i].add(segment, w)
		}
	}
	return nil
}

// Profile is what is known of a segment and of all others. It fails on a segment that
// there is not or that has nobody.
func (t *Tally) Profile(segment int) (Profile, error) {
	if segment < 0 || segment >= len(t.sizes) || t.sizes[segment] == 0 {
		return Profile{}, fault.Invalid("segment", "must be one with customers, got %d", segment)
	}
	p := Profile{Size: t.sizes[segment]}
	for s, n := range t.sizes {
		if s != segment {
			p.Others += n
		}
	}
	for i, v := range t.numbers {
		rest := newQuantities(1)
		for s := range t.sizes {
			if s != segment {
				rest[0].merge(&t.features[i][s])
			}
		}
		p.Features = append(p.Features, Feature{Variable: v, Inside: t.features[i][segment].summary(), Outside: rest[0].summary()})
	}
	for i, v := range t.words {
		p.Traits = append(p.Traits, t.traits[i].trait(v, segment))
	}
	return p, nil
}

// DescribeAll describes every segment that has customers, by its number; the others
// are nil. Names are told apart.
func (t *Tally) DescribeAll() ([]*Description, error) {
	all := make([]*Description, len(t.sizes))
	names := [2]map[string]int{{}, {}}
	for s, n := range t.sizes {
		if n == 0 {
			continue
		}
		p, err := t.Profile(s)
		if err != nil {
			return nil, err
		}
		if all[s], err = Describe(p); err != nil {
			return nil, err
		}
		for i, c := range t.traits {
			if c.unnamed > 0 {
				v := t.words[i].known()
				all[s].Warnings = append(all[s].Warnings, Warning{
					Reason: ReasonManyValues,
					En:     fmt.Sprintf("%s has more than %d values; the later ones are not told apart", v.LabelEn, MaxCategories),
					Zh:     fmt.Sprintf("%s的取值超过 %d 个，后出现的未单独统计", v.LabelZh, MaxCategories),
				})
			}
		}
		all[s].NameEn, all[s].NameZh = unused(names[english], all[s].NameEn), unused(names[chinese], all[s].NameZh)
	}
	return all, nil
}

// unused is a name with a number behind it if there was the same before.
func unused(met map[string]int, name string) string {
	met[name]++
	if n := met[name]; n > 1 {
		return fmt.Sprintf("%s %d", name, n)
	}
	return name
}
