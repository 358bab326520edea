package rule_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
)

func dump(x criterion.Explanation) string {
	b, err := json.MarshalIndent(x, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// parts are all conditions, those that join others included.
func parts(c criterion.Condition) []criterion.Condition {
	all := []criterion.Condition{c}
	for _, child := range c.Children {
		all = append(all, parts(child)...)
	}
	return all
}

func leaves(c criterion.Condition) []criterion.Condition {
	if c.Operator == "" {
		return []criterion.Condition{c}
	}
	var all []criterion.Condition
	for _, child := range c.Children {
		all = append(all, leaves(child)...)
	}
	return all
}

// An explanation says what the evaluation does, its parts are written as in the rule,
// and compile by themselves to the same answer.
func TestExplanationsAgree(t *testing.T) {
	c := compiler(t)
	rapid.Check(t, func(rt *rapid.T) {
		written := expression(rt, 2)
		r := compiled(rt, c, written)
		one := drawCase(rt)
		x := r.Explain(one)
		answer, until := asked(rt, r, one)
		if x.Belongs != (answer == "in") || (x.Failure != "") != (answer == "failed") {
			rt.Errorf("explained as in: %t, failed: %q; is %s", x.Belongs, x.Failure, answer)
		}
		decided := false
		for _, part := range parts(x.Conditions) {
			if is, _ := asked(rt, compiled(rt, c, part.Text), one); (is == "in") != part.Holds || (is == "failed") != (part.Failure != "") {
				rt.Errorf("%s is %s, explained as %t %q", part.Text, is, part.Holds, part.Failure)
			}
			if !strings.Contains(written, part.Text) {
				rt.Errorf("%s is not in the rule", part.Text)
			}
		}
		for _, leaf := range leaves(x.Conditions) {
			decided = decided || leaf.Decided
			if (leaf.Change == "") != (leaf.ChangeZh == "") {
				rt.Errorf("%s: %q in English, %q in Chinese", leaf.Text, leaf.Change, leaf.ChangeZh)
			}
			if !leaf.Skipped && !leaf.At.IsZero() && (until.IsZero() || until.After(leaf.At)) {
				rt.Errorf("%s changes at %s, the rule not until %s", leaf.Text, leaf.At, until)
			}
		}
		if len(leaves(x.Conditions)) == 1 && !decided {
			rt.Error("the only condition did not decide")
		}
	})
}

// Conditions tell what would have to change, in both languages.
func TestChanges(t *testing.T) {
	c := compiler(t)
	for expression, want := range map[string][2]string{
		`orders.count >= 5`:                            {"orders.count is 4 and would have to be at least 5", "订单数为 4，需要至少 5"},
		`orders.count < 9`:                             {"orders.count is 4 and would have to be at least 9", "订单数为 4，需要至少 9"},
		`customer.region == "北京"`:                      {`customer.region is "广东" and would have to be "北京"`, `省份为 "广东"，需要为 "北京"`},
		`customer.city in ["广州", "北京"]`:                {`customer.city is "深圳" and would have to be one of "北京", "广州"`, `城市为 "深圳"，需要是 "北京", "广州" 之一`},
		`revenue("CNY") > 2000`:                        {`revenue("CNY") is 1234.56 and would have to be more than 2000.00`, "CNY 销售收入为 1234.56，需要大于 2000.00"},
		`orders.count != 4`:                            {"orders.count is 4 and would have to be something else", "订单数为 4，需要为其他值"},
		`customer.region == "广东"`:                      {`customer.region is "广东" and would have to be something else`, `省份为 "广东"，需要为其他值`},
		`attributes.tier == "silver"`:                  {`attributes.tier is "gold" and would have to be "silver"`, `会员等级为 "gold"，需要为 "silver"`},
		`has(prediction.overdue)`:                      {"prediction.overdue is not known and would have to be", "逾期倍数未知，需要已知"},
		`"skiing" in customer.interests`:               {`customer.interests does not have "skiing" and would have to`, "兴趣不含“skiing”，需要含有"},
		`in_segment("loyal")`:                          {"the customer is not in segment loyal and would have to be", "客户不在细分“loyal”中，需要进入"},
		`days_since(orders.last_time) >= 90`:           {"days_since(orders.last_time) is 12 and would have to be at least 90; it changes by itself at 2026-09-17T03:00:00Z", "距最近订单的天数为 12，需要至少 90；将于 2026-09-17T03:00:00Z 自动变化"},
		`within(orders.last_time, days(90))`:           {"orders.last_time was 2026-06-19T03:00:00Z and would have to be 90 days ago or more; it changes by itself at 2026-09-17T03:00:00Z", "最近订单在 2026-06-19T03:00:00Z，需要在 90 天之前；将于 2026-09-17T03:00:00Z 自动变化"},
		`orders_within(days(31)) >= 3`:                 {"orders_within(days(31)) is 3 and would have to be less than 3; it changes by itself at 2026-07-02T03:00:00Z", "近 31 天订单数为 3，需要小于 3；将于 2026-07-02T03:00:00Z 自动变化"},
		`age(customer.birth_date) >= 36`:               {"age(customer.birth_date) is 35 and would have to be at least 36; it changes by itself at 2026-07-09T00:00:00Z", "年龄为 35，需要至少 36；将于 2026-07-09T00:00:00Z 自动变化"},
		`now - orders.last_time > days(90)`:            {"the time since orders.last_time is 12 days 9 hours and would have to be more than 90 days; it changes by itself at 2026-09-17T03:00:00.001Z", "距最近订单的时间为 12 天 9 小时，需要大于 90 天；将于 2026-09-17T03:00:00.001Z 自动变化"},
		`now < timestamp("2026-11-11T00:00:00+08:00")`: {"now is 2026-07-01T12:00:00Z and would have to be at least 2026-11-10T16:00:00Z; it changes by itself at 2026-11-10T16:00:00Z", "当前时间为 2026-07-01T12:00:00Z，需要至少 2026-11-10T16:00:00Z；将于 2026-11-10T16:00:00Z 自动变化"},
		`orders.last_time == orders.last_time`:         {"", ""},
	} {
		r, err := c.Compile(expression)
		if err != nil {
			t.Fatal(err)
		}
		leaf := r.Explain(caseOf(wang())).Conditions
		if leaf.Text != expression || leaf.Change != want[0] || leaf.ChangeZh != want[1] {
			t.Errorf("%s: %q\n%q\n%q", leaf.Text, expression, leaf.Change, leaf.ChangeZh)
		}
	}
}

// An explanation tells which conditions decided, which were not asked, and on which values.
func TestExplainTree(t *testing.T) {
	c := compiler(t)
	r, err := c.Compile("customer.region == \"广东\" &&\n  (orders.count >= 5 || ( days_since( orders.last_time ) < 30 )) && !has(prediction.overdue) && (orders.days > 9 ? true : customer.city.size() == 2)")
	if err != nil {
		t.Fatal(err)
	}
	x := r.Explain(caseOf(wang()))
	root := x.Conditions
	if !x.Belongs || root.Operator != "and" || len(root.Children) != 4 {
		t.Fatalf("got %s", dump(x))
	}
	either := root.Children[1]
	if either.Operator != "or" || either.Text != "orders.count >= 5 || ( days_since( orders.last_time ) < 30 )" || !either.Decided {
		t.Errorf("got %+v", either)
	}
	few, lately := either.Children[0], either.Children[1]
	if few.Holds || few.Decided || few.Skipped || !lately.Holds || !lately.Decided || lately.Text != "days_since( orders.last_time ) < 30" {
		t.Errorf("got %+v\n%+v", few, lately)
	}
	if v := lately.Values; len(v) != 2 || v[0] != (criterion.Value{Fact: "orders.last_time", Text: "2026-06-19T03:00:00Z"}) || v[1].Text != "12" {
		t.Errorf("values %+v", v)
	}
	whether := root.Children[3]
	if whether.Operator != "if" || !whether.Children[1].Skipped || whether.Children[2].Skipped || whether.Children[2].Text != "customer.city.size() == 2" {
		t.Errorf("got %+v", whether)
	}
	if no := root.Children[2]; no.Operator != "not" || no.Text != "!has(prediction.overdue)" || no.Children[0].Text != "has(prediction.overdue)" {
		t.Errorf("got %+v", no)
	}

	r, err = c.Compile(`orders.count > 100 && 10 / orders.count > 1 && customer.city == ""`)
	if err != nil {
		t.Fatal(err)
	}
	x = r.Explain(caseOf(wang()))
	if x.Belongs || x.Conditions.Children[0].Decided || !x.Conditions.Children[1].Skipped || x.Conditions.Children[2].Decided {
		t.Errorf("two conditions fail, so neither decides alone: %s", dump(x))
	}
}
