package rule_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// The expressions of property tests.

var (
	comparing = rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="})
	ordering  = rapid.SampledFrom([]string{"<", "<=", ">", ">="})
	instants  = rapid.SampledFrom([]string{
		"orders.last_time", "orders.first_time", "customer.create_time", "customer.stage_time", "attributes.renewed", "referral.last_qualify_time",
	})
	dates     = rapid.SampledFrom([]string{"customer.birth_date", "attributes.joined"})
	zoneNames = rapid.SampledFrom([]string{"", `, "Asia/Shanghai"`, `, "America/New_York"`, `, "Africa/Cairo"`, `, "Australia/Lord_Howe"`, `, "+08:00"`})
)

// timed draws a comparison of one function of time with a literal.
func timed(t *rapid.T) string {
	n := rapid.IntRange(-3, 900).Draw(t, "n")
	o, at, on, zone := comparing.Draw(t, "operator"), instants.Draw(t, "instant"), dates.Draw(t, "date"), zoneNames.Draw(t, "zone")
	switch rapid.IntRange(0, 10).Draw(t, "timed") {
	case 0:
		return fmt.Sprintf("days_since(%s%s) %s %d", at, zone, o, n)
	case 1:
		return fmt.Sprintf("%d %s days_since(%s%s)", n, o, at, zone)
	case 2:
		return fmt.Sprintf("days_since(%s%s) %s %d", on, zone, o, n)
	case 3:
		return fmt.Sprintf("within(%s, days(%d))", at, n)
	case 4:
		return fmt.Sprintf("age(%s%s) %s %d", on, zone, o, n/10)
	case 5:
		return fmt.Sprintf("days_until(%s%s) %s %d", on, zone, o, n/2)
	case 6:
		return fmt.Sprintf("orders_within(duration(\"%dh\")) %s %d", n*20, o, rapid.IntRange(0, 4).Draw(t, "orders"))
	case 7:
		return fmt.Sprintf("revenue_within(%q, days(%d)) %s %d", rapid.SampledFrom([]string{"CNY", "JPY"}).Draw(t, "currency"), n, ordering.Draw(t, "operator"), rapid.IntRange(0, 2000).Draw(t, "revenue"))
	case 8:
		return fmt.Sprintf("now - %s %s days(%d)", at, ordering.Draw(t, "operator"), n)
	case 9:
		return fmt.Sprintf("%s + days(%d) %s now", at, n, ordering.Draw(t, "operator"))
	default:
		return fmt.Sprintf("days_since(%s) %s %d", "customer.create_time + days(1)", o, n)
	}
}

// composed draws a condition in which time has a part, but not a plain one.
func composed(t *rapid.T) string {
	n := rapid.IntRange(1, 9).Draw(t, "n")
	at, other := instants.Draw(t, "instant"), instants.Draw(t, "other")
	switch rapid.IntRange(0, 7).Draw(t, "composed") {
	case 0:
		return fmt.Sprintf("days_since(%s) * %d > orders.count", at, n)
	case 1:
		return fmt.Sprintf("[%d, 40].exists(x, days_since(%s) %% 7 == x)", n, at)
	case 2:
		return fmt.Sprintf("days_since(%s, \"Africa/Cairo\") - days_since(%s) > %d", at, other, n)
	case 3:
		return fmt.Sprintf("within(%s, days(30 * orders.count))", at)
	case 4:
		return fmt.Sprintf("(within(%s, days(%d)) ? age(customer.birth_date) : %d) > 7", at, 20*n, n)
	case 5:
		return fmt.Sprintf("revenue_within(\"CNY\", days(%d)) / 4.0 > revenue_within(\"JPY\", days(400))", 50*n)
	case 6:
		return fmt.Sprintf("%d / orders_within(days(%d)) > 2", n, 50*n)
	default:
		return fmt.Sprintf("now - %s > %s - customer.create_time", at, other)
	}
}

// static draws a condition that time does not change.
func static(t *rapid.T) string {
	o, n := comparing.Draw(t, "operator"), rapid.IntRange(-1, 6).Draw(t, "n")
	order := ordering.Draw(t, "order")
	templates := []string{
		fmt.Sprintf("orders.count %s %d", o, n),
		fmt.Sprintf("%d %s orders.days", n, o),
		fmt.Sprintf("orders.count %s %d.5", order, n),
		fmt.Sprintf("revenue(\"CNY\") %s %d.25", o, n*100),
		fmt.Sprintf("revenue_minor(\"JPY\") %s %d", o, n*100),
		fmt.Sprintf("feedback.satisfaction %s 0.%d", o, n+1),
		fmt.Sprintf("attributes.points %s %d", o, n*50),
		fmt.Sprintf("attributes.weight %s %d", order, n*20),
		fmt.Sprintf("prediction.churn_risk %s 0.%d", o, n+1),
		fmt.Sprintf("prediction.residual_value_minor %s %d", o, n*1000),
		fmt.Sprintf("customer.city %s \"深圳\"", o),
		fmt.Sprintf("\"gold\" %s attributes.tier", o),
		fmt.Sprintf("customer.birth_date %s date(\"1990-02-0%d\")", o, n+2),
		fmt.Sprintf("orders.last_time %s timestamp(\"2026-0%d-01T00:00:00+08:00\")", o, n+2),
		fmt.Sprintf("year(customer.birth_date) %s 19%d0", o, n+3),
		fmt.Sprintf("10 / orders.count %s %d", o, n),
		`customer.region in ["广东", "CA", "广东"]`, `"hiking" in customer.interests`, `customer.interests == ["hiking"]`,
		`has(customer.gender)`, `has(attributes.joined)`, `has(value.historic)`, `has(prediction.overdue)`, `has(orders.last_time)`,
		`attributes.vip`, `has_valuation`, `prediction.churned`, `in_segment("vip")`, `in_segment("loyal")`, `customer.id.startsWith("w")`,
		`customer.channels.exists(c, c == "wechat" && has_valuation)`, `orders.first_time.getHours("Asia/Shanghai") > 12`,
		`attributes.hobbies.all(h, h != "茶")`, `true`, `false`, `orders.last_time - orders.first_time > duration("36h")`,
		`customer.city + "市" == "深圳市"`, `[1, 2][orders.count] == 2`, `value.historic * 2.0 > 3.0`,
	}
	return rapid.SampledFrom(templates).Draw(t, "static")
}

// expression draws a whole rule.
func expression(t *rapid.T, depth int) string {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]func(*rapid.T) string{timed, timed, composed, static, static}).Draw(t, "kind")(t)
	}
	below := func() string { return expression(t, depth-1) }
	switch rapid.IntRange(0, 5).Draw(t, "joint") {
	case 0, 1:
		parts := []string{"(" + below() + ")", "( " + below() + "\n)", "(" + below() + ")"}
		return strings.Join(parts, rapid.SampledFrom([]string{" && ", "&&", "\n  || ", " || // or\n "}).Draw(t, "operator"))
	case 2:
		return "!(" + below() + ")"
	case 3:
		return "(" + below() + ") ? (" + below() + ") : (" + below() + ")"
	default:
		return "(" + below() + ") " + rapid.SampledFrom([]string{"&&", "||"}).Draw(t, "operator") + " !(" + below() + ")"
	}
}
