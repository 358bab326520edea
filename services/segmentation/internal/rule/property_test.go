package rule_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

func drawCase(t *rapid.T) *criterion.Case {
	in := map[string]bool{"vip": rapid.Bool().Draw(t, "vip"), "loyal": rapid.Bool().Draw(t, "loyal")}
	return &criterion.Case{
		Facts: factstest.Facts().Draw(t, "facts"), At: factstest.At().Draw(t, "at"),
		In: func(segment string) (bool, error) { return in[segment], nil },
	}
}

// asked is what an evaluation comes to, for comparison.
func asked(t *rapid.T, r *rule.Rule, c *criterion.Case) (string, time.Time) {
	v, err := r.Evaluate(c)
	switch {
	case err != nil:
		return "failed", v.Until
	case v.Belongs:
		return "in", v.Until
	}
	return "out", v.Until
}

func compiled(t *rapid.T, c *rule.Compiler, expression string) *rule.Rule {
	r, err := c.Compile(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return r
}

func probe(t *rapid.T, r *rule.Rule, c *criterion.Case, at time.Time) string {
	later := *c
	later.At = at.UTC()
	answer, _ := asked(t, r, &later)
	return answer
}

// An answer stands until it says that it does, while the facts stay.
func TestAnswersStandUntil(t *testing.T) {
	c := compiler(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := compiled(rt, c, expression(rt, 2))
		one := drawCase(rt)
		was, until := asked(rt, r, one)
		end := until
		if until.IsZero() {
			end = one.At.AddDate(3, 0, 0)
		}
		if !end.After(one.At) || end.Nanosecond()%int(time.Millisecond) != 0 {
			rt.Fatalf("until %s of a case at %s", until, one.At)
		}
		probes := []time.Time{end.Add(-time.Millisecond), one.At.Add(time.Millisecond), end.Add(-time.Hour).Truncate(time.Hour)}
		for range 30 {
			span := float64(end.Sub(one.At))
			if rapid.Bool().Draw(rt, "near") {
				span = min(span, float64(72*time.Hour))
			}
			probes = append(probes, one.At.Add(time.Duration(rapid.Float64Range(0, 1).Draw(rt, "part")*span)).Truncate(time.Millisecond))
		}
		for _, p := range probes {
			if p.Before(one.At) || !p.Before(end) {
				continue
			}
			if is := probe(rt, r, one, p); is != was {
				rt.Fatalf("from %s %s until %s, but at %s %s", one.At, was, until, p, is)
			}
		}
	})
}

// A plain comparison with time changes its answer just when it says, and never where
// it says so.
func TestPlainComparisonsChangeAtUntil(t *testing.T) {
	c := compiler(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := compiled(rt, c, timed(rt))
		one := drawCase(rt)
		was, until := asked(rt, r, one)
		if !until.IsZero() && probe(rt, r, one, until) == was {
			rt.Fatalf("from %s %s until %s, and then too", one.At, was, until)
		}
	})
}

// What is told without CEL is what CEL says, and stands as long.
func TestShapesAreAsCEL(t *testing.T) {
	c := compiler(t)
	plain, err := rule.NewPlainCompiler(factstest.Attributes())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		written := rapid.SampledFrom([]func(*rapid.T) string{timed, static, func(t *rapid.T) string { return expression(t, 2) }}).Draw(rt, "kind")(rt)
		one := drawCase(rt)
		got, until := asked(rt, compiled(rt, c, written), one)
		want, wantUntil := asked(rt, compiled(rt, plain, written), one)
		if got != want {
			rt.Errorf("%s, CEL says %s", got, want)
		}
		// Only of revenue CEL does not know what it is compared with.
		if !until.Equal(wantUntil) && !strings.Contains(written, "revenue_within") {
			rt.Errorf("until %s, with CEL %s", until, wantUntil)
		}
	})
}

// The recorded facts are enough to answer and to explain once more.
func TestRecordedFactsAnswerTheSame(t *testing.T) {
	c := compiler(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := compiled(rt, c, expression(rt, 2))
		one := drawCase(rt)
		recalled, err := facts.Recall(r.Reads(), facts.Record(r.Reads(), one.Facts))
		if err != nil {
			rt.Fatal(err)
		}
		again := *one
		again.Facts = recalled
		got, until := asked(rt, r, &again)
		want, wantUntil := asked(rt, r, one)
		if got != want || !until.Equal(wantUntil) {
			rt.Errorf("%s until %s, of what was recorded %s until %s", want, wantUntil, got, until)
		}
		if before, after := dump(r.Explain(one)), dump(r.Explain(&again)); before != after {
			rt.Errorf("explained as\n%s\nof what was recorded\n%s", before, after)
		}
	})
}
