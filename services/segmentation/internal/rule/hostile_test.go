package rule_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

// within checks that something allocates less than 64 MiB, which measures the work
// on any machine however busy. The time, some 0.1 s on an idle one, only tells what hangs.
func within(t testing.TB, name string, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	do()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if took > 20*time.Second {
		t.Errorf("%s took %s", name, took)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%s took %d MiB of memory", name, used>>20)
	}
}

// Whatever is accepted, or not, is so at little cost, and so is explaining it.
func TestHostileExpressions(t *testing.T) {
	c := compiler(t)
	deep := func(open, closing string, depth int, tail string) string {
		return strings.Repeat(open, depth) + "true" + strings.Repeat(closing, depth) + tail
	}
	for name, expression := range map[string]string{
		"many conditions":   strings.Repeat("true||", 1300) + "true",
		"many comparisons":  strings.Repeat("rfm.monetary>1&&", 500) + "true",
		"nested conditions": strings.Repeat("(has_valuation||(value.known&&", 40) + "true" + strings.Repeat("))", 40) + strings.Repeat("||has_valuation", 400),
		"nested, long":      strings.Repeat("(has_valuation&&orders.count>1&&orders.days>1||(value.known&&rfm.recency>1&&", 45) + "true" + strings.Repeat("))", 45),
		"nested not":        deep("!(true&&", ")", 90, strings.Repeat("||true", 1000)),
		"nested if":         deep("(true?false:", ")", 90, strings.Repeat("||true", 1000)),
		"now in sums":       "now" + strings.Repeat("+days(1)", 90) + ">orders.last_time",
		"long text":         `customer.city == "` + strings.Repeat("字", 2600) + `"`,
		"long list":         `customer.city in [` + strings.Repeat(`"a",`, 2000) + `"b"]`,
		"comments":          strings.Repeat("// x\n", 1600) + "true",
		"text of brackets":  `customer.city == "` + strings.Repeat("((((", 1900) + `" || true`,
		"unclosed text":     `customer.city == "` + strings.Repeat("(", 8000),
		"escapes":           `customer.city == "` + strings.Repeat(`\\`, 4000) + `"`,
		"windows":           strings.Repeat(`orders_within(days(9))>3||`, 90) + "false",
		"macros":            strings.Repeat(`[1].all(x,`, 30) + "true" + strings.Repeat(")", 30),
	} {
		t.Run(name, func(t *testing.T) {
			var r *rule.Rule
			var err error
			within(t, "compiling", func() { r, err = c.Compile(expression) })
			if err != nil {
				if !strings.HasPrefix(fault.ReasonOf(err), "RULE_") {
					t.Errorf("got %v", err)
				}
				return
			}
			f := wang()
			for len(f.Orders.Recent) < facts.MaxRecent {
				f.Orders.Recent = append(f.Orders.Recent, facts.Order{Time: noon, Net: facts.Money{Currency: "CNY", Minor: 1}})
			}
			within(t, "evaluating and explaining", func() {
				_, _ = r.Evaluate(caseOf(f))
				r.Explain(caseOf(f))
			})
		})
	}
}

// Any heap of tokens compiles or is refused with a reason, and what compiles can be
// evaluated and explained.
func TestAnyTokens(t *testing.T) {
	c := compiler(t)
	tokens := rapid.SampledFrom([]string{
		"(", ")", "[", "]", "{", "}", "&&", "||", "!", "?", ":", ",", ".", "-", "+", "*", "/", "%", "<", "==", ">=", " in ", "\n", "// ",
		"now", "orders.count", "customer.city", "customer.interests", "orders.last_time", "customer.birth_date", "attributes.tier", "has_valuation",
		"true", "null", "1", "-5", "2.5", "9223372036854775807", `"a"`, `'深圳'`, `r"\"`, `"""x"""`, `"`, `b"x"`, "x",
		"days_since(", "within(", "age(", "days(", "date(", "has(", "in_segment(", "orders_within(", "revenue(", "duration(", "timestamp(",
		`.exists(x,`, `.all(x,`, ".size()", `.matches("a")`, "@known", "\\", "字", "\x00",
	})
	rapid.Check(t, func(rt *rapid.T) {
		expression := strings.Join(rapid.SliceOfN(tokens, 1, 12).Draw(rt, "tokens"), "")
		r, err := c.Compile(expression)
		if err != nil {
			if !strings.HasPrefix(fault.ReasonOf(err), "RULE_") {
				rt.Errorf("%q: got %v", expression, err)
			}
			return
		}
		one := drawCase(rt)
		answer, _ := asked(rt, r, one)
		if x := r.Explain(one); x.Belongs != (answer == "in") {
			rt.Errorf("%q is %s, explained as %t", expression, answer, x.Belongs)
		}
	})
}

// One rule is asked by many at once.
func TestConcurrentEvaluations(t *testing.T) {
	c := compiler(t)
	r, err := c.Compile(`days_since(orders.last_time, "Asia/Shanghai") >= 12 && revenue("CNY") > 1000 && customer.city.startsWith("深") && in_segment("vip") && [1, 2].exists(x, x < orders.days)`)
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.Evaluate(caseOf(wang()))
	if err != nil || !want.Belongs || !want.Until.IsZero() {
		t.Fatalf("got %+v, %v", want, err)
	}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			f := wang()
			if i%2 == 1 {
				f.Customer.City = "广州"
			}
			for range 500 {
				if got, err := r.Evaluate(caseOf(f)); err != nil || got.Belongs != (i%2 == 0) {
					t.Errorf("got %+v, %v", got, err)
					return
				}
			}
		})
	}
	group.Wait()
}

// What asks about a segment that cannot be told fails as a whole, with that error.
func TestSegmentsThatCannotBeTold(t *testing.T) {
	c := compiler(t)
	gone := fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store cannot be read")
	for _, expression := range []string{
		`in_segment("vip")`, `false || in_segment("vip") || true`, `!in_segment("vip")`, `[1].exists(x, in_segment("vip")) || true`,
		`in_segment("vip") ? true : false`,
	} {
		r, err := c.Compile(expression)
		if err != nil {
			t.Fatal(err)
		}
		one := criterion.Case{Facts: wang(), At: noon, In: func(string) (bool, error) { return false, gone }}
		if _, err := r.Evaluate(&one); fault.ReasonOf(err) != "STORE_UNAVAILABLE" {
			t.Errorf("%s: got %v", expression, err)
		}
		// One that cannot be told of this customer is a failed condition.
		one.In = func(string) (bool, error) {
			return false, fault.New(fault.FailedPrecondition, "RULE_EVALUATION_FAILED", "it cannot be told of segment vip")
		}
		v, err := r.Evaluate(&one)
		if strings.HasSuffix(expression, "|| true") {
			if err != nil || !v.Belongs {
				t.Errorf("%s: got %v, %v", expression, v, err)
			}
		} else if fault.ReasonOf(err) != "RULE_EVALUATION_FAILED" || !strings.Contains(err.Error(), "segment vip") {
			t.Errorf("%s: got %v", expression, err)
		}
		one.In = nil
		if _, err := r.Evaluate(&one); err == nil {
			t.Errorf("%s: is told without knowing of segments", expression)
		}
	}
}

// A compiler is made for the attributes that there are, whatever they are called.
func TestAttributes(t *testing.T) {
	many := factstest.Attributes()
	many = append(many, rule.Attribute{Name: "in", Type: facts.Text}, rule.Attribute{Name: "budget", Type: "money"})
	c, err := rule.NewCompiler(many)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compile(`attributes.budget > 3`); fault.ReasonOf(err) != "RULE_FIELD_NOT_READABLE" || !strings.Contains(err.Error(), "type") {
		t.Errorf("got %v", err)
	}
	if _, err := c.Compile(`attributes.tier == "gold"`); err != nil {
		t.Errorf("got %v", err)
	}
}
