package shop

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Customer is a person or a company as the shop's own record has it.
type Customer struct {
	Index       int    // from 0, in the order of the first purchase day
	ID          string // of the record
	TwinID      string // of a second record of the same person, "" without one
	Enterprise  bool
	Name        string
	Pinyin      string    // the name in Latin letters
	Gender      string    // "female", "male" or ""
	BirthDate   time.Time // a date in UTC; zero where not known
	Region      string
	City        string
	Email       string // "" without one, and so below
	Phone       string // E.164, +86
	MemberID    string // the shop's member card
	Acquisition string // organic, advertising, promotion, sales or referral
	ReferrerID  string // who brought him, "" without one
	Channel     string // where he buys mostly
	Payment     string // how he pays mostly
	FirstOrder  time.Time
	Traits      Traits

	han   []word // name in parts, surname first; nil for a name in Latin letters
	first string // first name in Latin letters
}

func (s *Shop) customer(i int) Customer {
	rng := s.rng(streamIdentity, i)
	c := Customer{
		Index: i, ID: recordID(i),
		Channel: choose(rng, channels), Payment: choose(rng, paymentMethods),
		FirstOrder: s.firstOrder(i),
		Traits:     s.traits(i),
	}
	switch kind := rng.Float64(); {
	case kind < 0.03:
		c.company(rng)
	case kind < 0.15:
		c.foreigner(rng)
	default:
		c.chinese(rng)
	}
	s.identify(&c, rng)
	c.Acquisition = choose(rng, acquisitions)
	if referrer, ok := s.referrer(c); ok {
		c.Acquisition, c.ReferrerID = "referral", recordID(referrer)
	}
	if !c.Enterprise && s.rng(streamTwin, i).Float64() < s.config.DuplicateShare {
		// Twins take the numbers above the first records', so both are found without a table.
		c.TwinID = recordID(s.config.Customers + i)
	}
	return c
}

// firstOrder is the time of the customer's first order: his clock's first draw.
func (s *Shop) firstOrder(i int) time.Time {
	return s.calendar.clock(s.arrival(i), s.rng(streamClock, i))
}

func recordID(number int) string { return fmt.Sprintf("C%08d", number+1) }

func (c *Customer) company(rng *rand.Rand) {
	brand, at := choose(rng, companyBrands), choose(rng, chinesePlaces)
	c.Enterprise = true
	c.Name = at.city + brand.han + choose(rng, companyTrades) + "有限公司"
	c.Pinyin, c.Region, c.City = brand.pinyin, at.region, at.city
}

func (c *Customer) person(rng *rand.Rand, medianAge float64) {
	c.Gender = "female"
	if rng.Float64() < 0.42 {
		c.Gender = "male"
	}
	if rng.Float64() < 0.8 {
		age := min(max(medianAge+11*rng.NormFloat64(), 18), 90)
		born := time.Duration(age * 365.2425 * 24 * float64(time.Hour))
		y, m, d := c.FirstOrder.Add(-born).Date()
		c.BirthDate = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
}

func (c *Customer) chinese(rng *rand.Rand) {
	c.person(rng, 33)
	at := choose(rng, chinesePlaces)
	c.Region, c.City = at.region, at.city
	given := femaleNames
	if c.Gender == "male" {
		given = maleNames
	}
	c.han = []word{choose(rng, surnames), choose(rng, given)}
	if rng.Float64() < 0.65 {
		c.han = append(c.han, choose(rng, given))
	}
	var han, latin strings.Builder
	for _, w := range c.han {
		han.WriteString(w.han)
	}
	for _, w := range c.han[1:] {
		latin.WriteString(w.pinyin)
	}
	given1 := latin.String()
	c.first = strings.ToUpper(given1[:1]) + given1[1:]
	c.Name, c.Pinyin = han.String(), c.han[0].pinyin+" "+c.first
}

func (c *Customer) foreigner(rng *rand.Rand) {
	c.person(rng, 38)
	at := choose(rng, foreignPlaces)
	c.Region, c.City = at.region, at.city
	names := englishFemale
	if c.Gender == "male" {
		names = englishMale
	}
	c.first = choose(rng, names)
	c.Name = c.first + " " + choose(rng, englishSurnames)
	c.Pinyin = c.Name
}

// mobilePrefixes begin Chinese mobile numbers; those of virtual operators are left
// out, as they serve for dirty rows.
var mobilePrefixes = []string{
	"134", "135", "136", "137", "138", "139", "150", "151", "152", "157", "158", "159", "182", "187", "188",
	"130", "131", "132", "155", "156", "185", "186", "133", "153", "180", "181", "189",
}

// emailWord makes a lower-case name fit for an e-mail address.
var emailWord = strings.NewReplacer(" ", ".", "'", "")

// identify gives the customer the e-mail address, phone number and member card by
// which others know him. Each is unique, as it comes from the index one to one.
func (s *Shop) identify(c *Customer, rng *rand.Rand) {
	domain := choose(rng, []string{"example.com", "example.net", "example.org"})
	withEmail, withPhone, withCard := rng.Float64() < 0.7, rng.Float64() < 0.9, rng.Float64() < 0.6
	if withEmail {
		c.Email = emailWord.Replace(strings.ToLower(c.Pinyin)) + "." + strconv.FormatInt(int64(s.spread(c.Index, 1)), 36) + "@" + domain
	}
	if withPhone && (c.han != nil || c.Enterprise) {
		prefix := mobilePrefixes[c.Index%len(mobilePrefixes)]
		c.Phone = fmt.Sprintf("+86%s%08d", prefix, s.spread(c.Index, 2))
	}
	if withCard {
		c.MemberID = fmt.Sprintf("M%08d", s.spread(c.Index, 3))
	}
}

// spread maps an index to a number below 10⁸ so that no two have the same: the
// factor has no divisor in common with 10⁸.
func (s *Shop) spread(index int, kind uint64) uint64 {
	const size, factor = 100_000_000, 38_196_601
	return (uint64(index)*factor + scramble(s.config.Seed+kind)%size) % size
}
