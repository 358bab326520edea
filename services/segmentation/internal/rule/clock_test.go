package rule_test

import (
	"fmt"
	"testing"

	"cel.dev/cel-go/cel"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
)

// What an instant reads on the clocks of a zone is what CEL itself says.
func TestReadingsAreAsCEL(t *testing.T) {
	c := compiler(t)
	env, err := cel.NewEnv(cel.Variable("at", cel.TimestampType))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		call := fmt.Sprintf("%s(%q)", rapid.SampledFrom([]string{
			"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds",
		}).Draw(rt, "reading"), rapid.SampledFrom([]string{"Asia/Shanghai", "America/New_York", "Asia/Kolkata", "+05:45", "-03:30", "UTC"}).Draw(rt, "zone"))
		at := factstest.At().Draw(rt, "at")
		checked, issues := env.Compile("at." + call)
		if issues.Err() != nil {
			rt.Fatal(issues.Err())
		}
		program, err := env.Program(checked)
		if err != nil {
			rt.Fatal(err)
		}
		want, _, err := program.Eval(map[string]any{"at": at})
		if err != nil {
			rt.Fatal(err)
		}
		r := compiled(rt, c, fmt.Sprintf("orders.last_time.%s == %v", call, want.Value()))
		f := &facts.Facts{Orders: facts.Orders{LastTime: at}}
		if v, err := r.Evaluate(&criterion.Case{Facts: f, At: at}); err != nil || !v.Belongs {
			rt.Errorf("%s of %s is not %v: %v", call, at, want.Value(), err)
		}
	})
}
