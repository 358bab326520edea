package rule_test

import (
	"strings"
	"testing"
)

// What says why a rule cannot be told of a customer is shown with the segment, to whom
// may see no customer, and stays when the customer is erased: it tells no fact of theirs.
func TestFailuresTellNoFacts(t *testing.T) {
	c := compiler(t)
	f := wang()
	f.Customer.City = "Xq7("
	for _, expression := range []string{
		`{"gold": 3, "silver": 2}[customer.city] > 1`,
		`[1, 2][orders.count * 1000007] > 1`,
		`int(customer.city) > 1`,
		`double(customer.city) > 1.0`,
		`timestamp(customer.city) > timestamp("2026-01-01T00:00:00Z")`,
		`duration(customer.city) > duration("1h")`,
		`bool(customer.city)`,
	} {
		r, err := c.Compile(expression)
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		_, err = r.Evaluate(caseOf(f))
		if err == nil {
			t.Errorf("%s can be told", expression)
			continue
		}
		if !strings.Contains(err.Error(), "cannot be evaluated: ") || strings.Contains(err.Error(), "Xq7") || strings.Contains(err.Error(), "000") {
			t.Errorf("%s: the failure is %v", expression, err)
		}
	}
}
