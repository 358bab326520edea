package shop

import (
	"fmt"
	"time"
)

// Rate is what one unit of a currency is worth in the shop's own from a day on.
type Rate struct {
	From, To string
	Start    time.Time // a date in UTC
	Value    string    // decimal with four places
	scaled   int64     // ten-thousandths
}

// Rates are those of the foreign currency, one a month, from the month before the
// shop begins. There are none without a foreign currency.
func (s *Shop) Rates() []Rate {
	if s.config.Foreign == "" {
		return nil
	}
	rng := s.rng(streamRates, 0)
	y, m, _ := s.config.Start.Date()
	var all []Rate
	level := 71_800.0
	for day := time.Date(y, m-1, 1, 0, 0, 0, 0, time.UTC); day.Before(s.config.End); day = day.AddDate(0, 1, 0) {
		level += 400 * rng.NormFloat64()
		level = min(max(level, 66_000), 76_000)
		scaled := int64(level)
		all = append(all, Rate{
			From: s.config.Foreign, To: s.config.Currency, Start: day, scaled: scaled,
			Value: fmt.Sprintf("%d.%04d", scaled/10_000, scaled%10_000),
		})
	}
	return all
}

// rateOn is the rate that holds on a day.
func rateOn(rates []Rate, at time.Time) Rate {
	for i := len(rates) - 1; i > 0; i-- {
		if !rates[i].Start.After(at.UTC()) {
			return rates[i]
		}
	}
	return rates[0]
}

// convert is amount by the rate, halves to the even minor unit.
func (r Rate) convert(amount int64) int64 {
	product := amount * r.scaled
	whole, rest := product/10_000, product%10_000
	if rest > 5_000 || rest == 5_000 && whole%2 == 1 {
		whole++
	}
	return whole
}
