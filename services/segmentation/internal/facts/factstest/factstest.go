// Package factstest draws facts for property tests.
package factstest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Attributes are definitions of one attribute of each type.
func Attributes() []facts.Attribute {
	return []facts.Attribute{
		{Name: "tier", Label: "会员等级", Type: facts.Text},
		{Name: "points", Type: facts.Int},
		{Name: "weight", Type: facts.Double, Unit: "kg"},
		{Name: "vip", Type: facts.Bool},
		{Name: "joined", Type: facts.Calendar},
		{Name: "renewed", Type: facts.Timestamp},
		{Name: "hobbies", Type: facts.Texts},
		{Name: "health", Type: facts.Text, Sensitive: true},
	}
}

// Epoch is the middle of the instants that Facts draws.
var Epoch = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

// Instant draws an instant within two years of Epoch, sometimes zero.
func Instant() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.IntRange(0, 5).Draw(t, "known") == 0 {
			return time.Time{}
		}
		return At().Draw(t, "instant")
	})
}

// At draws an instant within two years of Epoch, often at a full hour.
func At() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		at := Epoch.Add(time.Duration(rapid.IntRange(-17_520, 17_520).Draw(t, "hours")) * time.Hour)
		if rapid.Bool().Draw(t, "full") {
			return at
		}
		return at.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour/time.Millisecond)).Draw(t, "ms")) * time.Millisecond)
	})
}

func date() *rapid.Generator[facts.Date] {
	return rapid.Custom(func(t *rapid.T) facts.Date {
		switch rapid.IntRange(0, 6).Draw(t, "known") {
		case 0:
			return facts.Date{}
		case 1:
			return facts.Date{Year: 2024, Month: 2, Day: 29}
		case 2:
			return facts.Date{Month: rapid.IntRange(1, 12).Draw(t, "month"), Day: rapid.IntRange(1, 28).Draw(t, "day")}
		}
		return facts.Date{
			Year: rapid.IntRange(1930, 2026).Draw(t, "year"), Month: rapid.IntRange(1, 12).Draw(t, "month"), Day: rapid.IntRange(1, 28).Draw(t, "day"),
		}
	})
}

func texts() *rapid.Generator[[]string] {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"hiking", "茶", "wechat", "store"}), 0, 3, rapid.ID)
}

func share() *rapid.Generator[float64] { return rapid.Float64Range(0, 1) }

func maybe[T any](t *rapid.T, g *rapid.Generator[T], label string) *T {
	return rapid.Ptr(g, true).Draw(t, label)
}

func amount() *rapid.Generator[facts.Money] {
	return rapid.Custom(func(t *rapid.T) facts.Money {
		return facts.Money{Currency: rapid.SampledFrom([]string{"CNY", "JPY"}).Draw(t, "currency"), Minor: rapid.Int64Range(-500, 200_000).Draw(t, "minor")}
	})
}

// Facts draws the facts of a customer, any part of them unknown.
func Facts() *rapid.Generator[*facts.Facts] {
	return rapid.Custom(func(t *rapid.T) *facts.Facts {
		f := &facts.Facts{Customer: customer(t), AsOf: Epoch}
		f.Orders = orders(t)
		for _, o := range f.Orders.Recent {
			i := slices.IndexFunc(f.Revenue, func(m facts.Money) bool { return m.Currency == o.Net.Currency })
			if i < 0 {
				i, f.Revenue = len(f.Revenue), append(f.Revenue, facts.Money{Currency: o.Net.Currency})
			}
			f.Revenue[i].Minor += o.Net.Minor
		}
		if rapid.Bool().Draw(t, "answered") {
			f.Feedback = facts.Feedback{Responses: 1, Satisfaction: share().Draw(t, "satisfaction"), LastResponseTime: At().Draw(t, "answer")}
		}
		f.Referral = facts.Referral{Referees: rapid.Int64Range(0, 3).Draw(t, "referees"), LastQualifyTime: Instant().Draw(t, "qualified")}
		if rapid.Bool().Draw(t, "valued") {
			valuation(t, f)
		}
		return f
	})
}

func customer(t *rapid.T) facts.Customer {
	c := facts.Customer{
		ID:           rapid.SampledFrom([]string{"wang", "ada", "c-1", "会员"}).Draw(t, "id"),
		Gender:       rapid.SampledFrom([]string{"", "FEMALE", "MALE"}).Draw(t, "gender"),
		Region:       rapid.SampledFrom([]string{"", "广东", "CA"}).Draw(t, "region"),
		City:         rapid.SampledFrom([]string{"", "深圳", "广州"}).Draw(t, "city"),
		BirthDate:    date().Draw(t, "birth"),
		Interests:    texts().Draw(t, "interests"),
		Channels:     texts().Draw(t, "channels"),
		CreateTime:   Instant().Draw(t, "created"),
		StageTime:    Instant().Draw(t, "stage"),
		LastSeenTime: Instant().Draw(t, "seen"), LastCartTime: Instant().Draw(t, "cart"),
		Attributes:  map[string]any{},
		IncomeBand:  rapid.SampledFrom([]string{"", "10-20万/年"}).Draw(t, "income"),
		Acquisition: rapid.SampledFrom([]string{"", "REFERRAL"}).Draw(t, "acquisition"),
	}
	c.HouseholdSize = rapid.Int64Range(0, 3).Draw(t, "household")
	for _, a := range []struct {
		name  string
		value *rapid.Generator[any]
	}{
		{"tier", rapid.SampledFrom([]string{"", "gold", "silver"}).AsAny()},
		{"points", rapid.Int64Range(-5, 500).AsAny()},
		{"weight", rapid.Float64Range(-1, 100).AsAny()},
		{"vip", rapid.Bool().AsAny()},
		{"joined", date().AsAny()},
		{"renewed", Instant().AsAny()},
		{"hobbies", texts().AsAny()},
	} {
		if rapid.Bool().Draw(t, "has "+a.name) {
			c.Attributes[a.name] = a.value.Draw(t, a.name)
		}
	}
	return c
}

func orders(t *rapid.T) facts.Orders {
	var o facts.Orders
	for range rapid.IntRange(0, 6).Draw(t, "orders") {
		o.Recent = append(o.Recent, facts.Order{Time: At().Draw(t, "order"), Net: amount().Draw(t, "net")})
	}
	slices.SortFunc(o.Recent, func(a, b facts.Order) int { return a.Time.Compare(b.Time) })
	if n := len(o.Recent); n > 0 {
		o.Count, o.Days = int64(n), int64((n+1)/2)
		o.FirstTime, o.LastTime = o.Recent[0].Time, o.Recent[n-1].Time
	}
	return o
}

func valuation(t *rapid.T, f *facts.Facts) {
	f.Valued, f.Edition = true, 1
	if rapid.Bool().Draw(t, "costs") {
		f.Value = facts.Value{Known: true, Historic: amount().Draw(t, "value"), Coverage: share().Draw(t, "coverage")}
	}
	f.RFM = facts.Scores{
		Recency: rapid.IntRange(1, 5).Draw(t, "r"), Frequency: rapid.IntRange(1, 5).Draw(t, "f"), Monetary: rapid.IntRange(1, 5).Draw(t, "m"),
		Group: rapid.SampledFrom([]string{"IMPORTANT_VALUE", "GENERAL_KEEP"}).Draw(t, "group"), Segment: "Champions",
	}
	f.RFM.Cell = string([]byte{'0' + byte(f.RFM.Recency), '0' + byte(f.RFM.Frequency), '0' + byte(f.RFM.Monetary)})
	f.Prediction = facts.Prediction{
		Alive: maybe(t, share(), "alive"), ChurnRisk: maybe(t, share(), "risk"), Churned: maybe(t, rapid.Bool(), "churned"),
		Residual: maybe(t, amount(), "residual"), Overdue: maybe(t, rapid.Float64Range(0, 9), "overdue"),
	}
}
