package shop

import (
	"math"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Purchases are the parameters of BG/NBD; the unit of time is a week.
type Purchases struct {
	R     float64 `json:"r"`     // shape of the purchase rate
	Alpha float64 `json:"alpha"` // rate (weeks): the mean purchase rate is R/Alpha a week
	A     float64 `json:"a"`     // first parameter of the chance to leave
	B     float64 `json:"b"`     // second: the mean chance is A/(A+B)
}

// Spend are the parameters of Gamma-Gamma; amounts in major units of the currency.
type Spend struct {
	P     float64 `json:"p"`     // shape of an order's value
	Q     float64 `json:"q"`     // shape of the customer's rate; the tail is a power of −Q
	Gamma float64 `json:"gamma"` // its rate: the mean order is P·Gamma/(Q−1)
}

// Config says which shop to make. Start from Default.
type Config struct {
	// Seed decides everything that is drawn.
	Seed uint64
	// Customers is the number of persons and companies, 1 to MaxCustomers.
	Customers int
	// Start and End are the first day of the shop and the day after the last. The
	// time of day is dropped, in Zone.
	Start, End time.Time
	// Zone is where the shop's days begin.
	Zone *time.Location
	// Currency of every order: CNY, USD, EUR, GBP or HKD.
	Currency string
	// Foreign is the currency in which customers from some places abroad pay: another
	// of these, or "" for none.
	Foreign   string
	Purchases Purchases
	Spend     Spend
	// DirtyShare of the order rows, and of the customer rows, are damaged or are
	// followed by a row that is, as a fraction from 0 to 1.
	DirtyShare float64
	// DuplicateShare of the customers have a second record, likewise.
	DuplicateShare float64
	// AnswerShare of the customers answer the survey, likewise.
	AnswerShare float64
	// ReferralShare of the customers are brought by another customer, likewise; a
	// little less in truth, as the first of all have nobody to bring them.
	ReferralShare float64
}

// MaxCustomers is the largest shop that keeps ids and phone numbers unique.
const MaxCustomers = 40_000_000

// maxDays bounds the shop's calendar, which is held in memory: about 50 years.
const maxDays = 18_300

// Default is a two-year Chinese web shop. Buying has the parameters that Fader,
// Hardie and Lee found for CDNOW; spend has theirs with the mean order at 220 CNY.
func Default(seed uint64, customers int) Config {
	zone := time.FixedZone("UTC+8", 8*60*60)
	return Config{
		Seed: seed, Customers: customers,
		Start: time.Date(2023, 7, 1, 0, 0, 0, 0, zone),
		End:   time.Date(2025, 7, 1, 0, 0, 0, 0, zone),
		Zone:  zone, Currency: "CNY",
		Purchases:  Purchases{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426},
		Spend:      Spend{P: 6.25, Q: 3.74, Gamma: 96.45},
		DirtyShare: 0.01, DuplicateShare: 0.02, AnswerShare: 0.3, ReferralShare: 0.15,
	}
}

// setting is a number and the name that a fault gives it.
type setting struct {
	field string
	value float64
}

// Validate reports every setting that is wrong in one fault.
func (c Config) Validate() error {
	var faults []*fault.Fault
	bad := func(field, format string, args ...any) {
		faults = append(faults, fault.Invalid(field, format, args...))
	}
	if c.Customers < 1 || c.Customers > MaxCustomers {
		bad("customers", "must be 1 to %d, got %d", MaxCustomers, c.Customers)
	}
	if c.Zone == nil {
		bad("zone", "must be given")
	} else if days := daysBetween(midnight(c.Start, c.Zone), midnight(c.End, c.Zone)); days < 1 || days > maxDays {
		bad("end", "must be 1 to %d days after start, got %d", maxDays, days)
	}
	if !strings.Contains(" CNY USD EUR GBP HKD ", " "+c.Currency+" ") || len(c.Currency) != 3 {
		bad("currency", "must be CNY, USD, EUR, GBP or HKD, got %q", c.Currency)
	}
	if c.Foreign != "" && (!strings.Contains(" CNY USD EUR GBP HKD ", " "+c.Foreign+" ") || len(c.Foreign) != 3 || c.Foreign == c.Currency) {
		bad("foreign", "must be another of CNY, USD, EUR, GBP and HKD, or empty; got %q", c.Foreign)
	}
	for _, f := range []setting{
		{"purchases.r", c.Purchases.R}, {"purchases.alpha", c.Purchases.Alpha},
		{"purchases.a", c.Purchases.A}, {"purchases.b", c.Purchases.B},
		{"spend.p", c.Spend.P}, {"spend.gamma", c.Spend.Gamma},
	} {
		if !(f.value > 0) || math.IsInf(f.value, 0) {
			bad(f.field, "must be positive, got %v", f.value)
		}
	}
	if !(c.Spend.Q > 1) || math.IsInf(c.Spend.Q, 0) {
		bad("spend.q", "must be above 1, or the mean order is infinite; got %v", c.Spend.Q)
	}
	if rate := c.Purchases.R / c.Purchases.Alpha; rate > 50 {
		bad("purchases", "must mean at most 50 orders a week, got %v", rate)
	}
	for _, f := range []setting{
		{"dirty_share", c.DirtyShare}, {"duplicate_share", c.DuplicateShare},
		{"answer_share", c.AnswerShare}, {"referral_share", c.ReferralShare},
	} {
		if !(f.value >= 0 && f.value <= 1) {
			bad(f.field, "must be 0 to 1, got %v", f.value)
		}
	}
	return fault.Merge(faults...)
}
