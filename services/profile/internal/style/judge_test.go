package style

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

func observed(ids ...string) *profilev1.StyleObservation {
	o := &profilev1.StyleObservation{}
	for _, id := range ids {
		o.Signs = append(o.Signs, aip.Name(signPattern, id))
	}
	return o
}

func TestTheChecklist(t *testing.T) {
	words := make(map[string]string)
	for _, s := range signs {
		for i, p := range s.likelihood {
			if p <= 0 || p >= 1 || (i != s.best() && p >= s.likelihood[s.best()]) {
				t.Errorf("%s: likelihoods %v", s.id, s.likelihood)
			}
		}
		for _, w := range s.words {
			if words[w] != "" || w != plain(w) || slices.Contains(otherWords, w) || slices.Contains(negations, w) {
				t.Errorf("%s: the word %q is of %q too, or not plain", s.id, w, words[w])
			}
			words[w] = s.id
		}
	}
	for _, style := range styles {
		if advice[style].GetZh() == "" || advice[style].GetEn() == "" || len(mistakes[style]) < 3 {
			t.Errorf("%v: no advice", style)
		}
	}
}

func TestJudgementByHand(t *testing.T) {
	b := judge([]*profilev1.StyleObservation{observed("asks-for-data", "compares")})
	// 0.5·0.45 against 0.12·0.15 and 0.06·0.10.
	want := 0.225 / (0.225 + 0.018 + 0.006)
	if b.GetStyle() != analytical || math.Abs(b.GetConfidence()-want) > 1e-12 || b.GetConflicting() {
		t.Errorf("%v, want %v", b, want)
	}
	for what, c := range map[string]struct {
		seen        []*profilev1.StyleObservation
		style       profilev1.CustomerStyle
		conflicting bool
	}{
		"nothing":            {nil, 0, false},
		"one sign":           {[]*profilev1.StyleObservation{observed("small-talk")}, 0, false},
		"one sign, often":    {slices.Repeat([]*profilev1.StyleObservation{observed("small-talk")}, 9), 0, false},
		"two signs":          {[]*profilev1.StyleObservation{observed("small-talk"), observed("warm")}, social, false},
		"as much against it": {[]*profilev1.StyleObservation{observed("small-talk", "warm", "asks-for-data", "takes-notes")}, 0, true},
	} {
		if b := judge(c.seen); b.GetStyle() != c.style || b.GetConflicting() != c.conflicting || (b.GetAdvice() == nil) != (c.style == 0) {
			t.Errorf("%s: %v", what, b)
		}
	}
}

// Whatever was observed: probabilities add up to 1; the order of observations
// does not matter; a sign that is least likely under the leading style never
// raises its probability, and one most likely under it never lowers it.
func TestPropertiesOfJudgements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := rapid.SliceOfNDistinct(rapid.IntRange(0, len(signs)-1), 0, 6, rapid.ID[int])
		var all []*profilev1.StyleObservation
		for range rapid.IntRange(0, 6).Draw(t, "observations") {
			var ids []string
			for _, i := range pick.Draw(t, "signs") {
				ids = append(ids, signs[i].id)
			}
			all = append(all, observed(ids...))
		}
		before := posterior(tally(all))
		if sum := before[0] + before[1] + before[2]; math.Abs(sum-1) > 1e-9 {
			t.Fatalf("probabilities add up to %v", sum)
		}
		shuffled := rapid.Permutation(all).Draw(t, "order")
		if posterior(tally(shuffled)) != before {
			t.Fatal("the order matters")
		}
		lead := 0
		for i, p := range before {
			if p > before[lead] {
				lead = i
			}
		}
		s := signs[rapid.IntRange(0, len(signs)-1).Draw(t, "more")]
		after := posterior(tally(append(all, observed(s.id))))
		lowest := s.likelihood[lead] == min(s.likelihood[0], s.likelihood[1], s.likelihood[2])
		if lowest && after[lead] > before[lead]+1e-12 {
			t.Fatalf("%s raised style %d from %v to %v", s.id, lead, before[lead], after[lead])
		}
		if s.best() == lead && after[lead] < before[lead]-1e-12 {
			t.Fatalf("%s lowered style %d from %v to %v", s.id, lead, before[lead], after[lead])
		}
	})
}

func TestNotesAreReadByWords(t *testing.T) {
	r := newReader()
	for note, want := range map[string]string{
		"":             "",
		"他说别废话，直接说价格。": "interrupts:别废话@2 interrupts:直接说@6",
		"先聊孩子，再问数据":    "small-talk:孩子@2 asks-for-data:数据@7",
		"他要买数据线，和男朋友一起来":            "",
		"完全没有数据，也不谈条款":              "",
		"不信任我们，没感觉":                 "",
		"Get to the POINT, he said": "interrupts:Get to the POINT@0",
		"our database and friendly": "",
		"no data, but proof":        "asks-for-data:proof@13",
		"ＤＡＴＡ please":               "asks-for-data:ＤＡＴＡ@0",
		"don't compare us":          "",
		"compares, comparison's":    "",
		"what if we compare?":       "weighs-risks:what if@0 compares:compare@11",
		"他说的行不行？":                   "challenges:行不行@3",
	} {
		var got []string
		for _, m := range r.read(note) {
			got = append(got, fmt.Sprintf("%s:%s@%d", strings.TrimPrefix(m.GetSign(), "styleSigns/"), m.GetWord(), m.GetOffset()))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", note, got, want)
		}
	}
}

// Whatever a note holds, its matches are words of it, in place.
func TestMatchesStandInTheNote(t *testing.T) {
	r := newReader()
	rapid.Check(t, func(t *rapid.T) {
		var parts []string
		for range rapid.IntRange(0, 12).Draw(t, "parts") {
			if rapid.Bool().Draw(t, "word") {
				s := signs[rapid.IntRange(0, len(signs)-1).Draw(t, "sign")]
				if len(s.words) > 0 {
					parts = append(parts, rapid.SampledFrom(s.words).Draw(t, "of"))
				}
			} else {
				parts = append(parts, rapid.String().Draw(t, "text"))
			}
		}
		note := strings.Join(parts, rapid.SampledFrom([]string{"", " ", "，"}).Draw(t, "between"))
		characters := []rune(note)
		for _, m := range r.read(note) {
			word := []rune(m.GetWord())
			if got := string(characters[m.GetOffset() : int(m.GetOffset())+len(word)]); got != m.GetWord() || signOf(m.GetSign()) == nil {
				t.Fatalf("%q at %d is %q", m.GetWord(), m.GetOffset(), got)
			}
		}
	})
}
