package rule_test

import "testing"

// BenchmarkHolds evaluates rules for one customer after another.
func BenchmarkHolds(b *testing.B) {
	c := compiler(b)
	for name, expression := range map[string]string{
		"orders":    `orders.count >= 3 && rfm.recency >= 4`,
		"region":    `customer.region == "广东"`,
		"revenue":   `customer.region == "广东" && revenue("CNY") >= 1000.0`,
		"time":      `as_of - orders.last_time < duration("720h")`,
		"list":      `customer.city in ["北京", "上海", "广州", "深圳"]`,
		"exists":    `["北京", "上海", "广州", "深圳"].exists(c, c == customer.city)`,
		"regex":     `customer.id.matches("^(w|z)ang$")`,
		"days":      `days_since(orders.last_time) >= 90`,
		"days zone": `days_since(orders.last_time, "Asia/Shanghai") >= 90`,
		"now":       `now - orders.last_time >= days(90)`,
		"within":    `within(orders.last_time, days(90))`,
		"birthday":  `days_until(customer.birth_date, "Asia/Shanghai") <= 7`,
		"window":    `orders_within(days(90)) >= 3`,
		"interest":  `"hiking" in customer.interests`,
		"attribute": `attributes.tier == "gold"`,
		"segment":   `in_segment("vip")`,
		"cel":       `customer.city.startsWith("深") && orders.count + 1 > 3`,
		"zone":      `orders.first_time.getFullYear("Asia/Shanghai") == 2026`,
	} {
		b.Run(name, func(b *testing.B) {
			r, err := c.Compile(expression)
			if err != nil {
				b.Fatal(err)
			}
			one := caseOf(wang())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Evaluate(one); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("costliest", func(b *testing.B) {
		r, err := c.Compile(nested(3, "v0 + v1 < 30"))
		if err != nil {
			b.Skip(err)
		}
		one := caseOf(wang())
		for b.Loop() {
			_, _ = r.Evaluate(one)
		}
	})
	b.Run("compile", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Compile(`customer.region == "广东" && revenue("CNY") >= 1000.0`); err != nil {
				b.Fatal(err)
			}
		}
	})
}
