package rule_test

import (
	"testing"

	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

// BenchmarkHolds evaluates rules for one customer after another.
func BenchmarkHolds(b *testing.B) {
	c := compiler(b)
	for name, expression := range map[string]string{
		"orders":  `orders.count >= 3 && rfm.recency >= 4`,
		"region":  `customer.region == "广东"`,
		"revenue": `customer.region == "广东" && revenue("CNY") >= 1000.0`,
		"time":    `as_of - orders.last_time < duration("720h")`,
		"list":    `customer.city in ["北京", "上海", "广州", "深圳"]`,
		"exists":  `["北京", "上海", "广州", "深圳"].exists(c, c == customer.city)`,
		"regex":   `customer.id.matches("^(w|z)ang$")`,
		"zone":    `orders.first_time.getFullYear("Asia/Shanghai") == 2026`,
	} {
		b.Run(name, func(b *testing.B) {
			r, err := c.Compile(expression)
			if err != nil {
				b.Fatal(err)
			}
			s, f := rule.NewSubject(), wang()
			b.ReportAllocs()
			for b.Loop() {
				s.Set(f)
				if _, err := r.Holds(s); err != nil {
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
		s, f := rule.NewSubject(), wang()
		for b.Loop() {
			s.Set(f)
			_, _ = r.Holds(s)
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
