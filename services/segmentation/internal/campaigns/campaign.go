// Package campaigns runs randomised experiments with actions: it freezes a population,
// splits it by a hash into treated and held out, and tells what differs then:
//
//	campaigns             _id campaign           the campaigns
//	campaign_assignments  _id campaign!customer  who is treated, who is held out
package campaigns

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// State is how far a campaign is; the numbers are those of the API.
type State uint8

// The states.
const (
	Draft State = iota + 1
	Starting
	Running
	Ended
)

// Arm is a part of a population; the numbers are those of the API.
type Arm uint8

// The arms.
const (
	Treated Arm = iota + 1
	HeldOut
)

// DefaultLevel is the confidence level where none is given.
const DefaultLevel = 0.95

// Campaign is a randomised experiment.
type Campaign struct {
	ID              string
	NameEn, NameZh  string
	Description     string
	Segment, Rule   string // one of them
	Share           float64
	End             time.Time // planned
	Currency        string
	Level           float64
	Strata          []string // ids of segments
	Strategy        string
	Action          string
	State           State
	Operation       string // that starts it, or has started it
	Start, Stop     time.Time
	Population      int64
	Treated         int64
	HeldOut         int64
	Generation      int64
	Baseline        *Baseline
	Overlaps        []Overlap
	Result          *Result  // once it has ended
	Hidden          []string // customers who are being erased
	Request         aip.RequestKey
	CreateTime      time.Time
	UpdateTime      time.Time
	Version         int64
	MissingAtFreeze int64 // of the population, those of whom nothing was known
}

// Overlap is another campaign that ran at the start with some of the same customers.
type Overlap struct {
	Campaign  string `bson:"campaign"`
	Customers int64  `bson:"customers"`
}

// Baseline is what a population did in a time before.
type Baseline struct {
	Start     time.Time   `bson:"start"`
	End       time.Time   `bson:"end"`
	Converted int64       `bson:"converted"`
	Revenue   stat.Spread `bson:"revenue"` // per customer, minor units; N is the customers
}

// conversion is the share that ordered.
func (b *Baseline) conversion() float64 {
	if b.Revenue.N == 0 {
		return 0
	}
	return float64(b.Converted) / float64(b.Revenue.N)
}

// add counts a customer.
func (b *Baseline) add(f *facts.Facts, currency string) {
	o := outcomeOf(f, b.Start, b.End, currency)
	if o.converted {
		b.Converted++
	}
	b.Revenue.Add(float64(o.revenue))
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// check reports all that is wrong with a campaign but for its rule, and fills in
// defaults. Fields are those of the campaign.
func (c *Campaign) check() error {
	var wrong []*fault.Fault
	add := func(bad bool, field, format string, args ...any) {
		if bad {
			wrong = append(wrong, fault.Invalid(field, format, args...))
		}
	}
	if c.Level == 0 {
		c.Level = DefaultLevel
	}
	add(c.NameEn == "" && c.NameZh == "", "display_name", "must be set, here or in display_name_zh")
	add((c.Segment == "") == (c.Rule == ""), "segment", "must be set, or else rule: one of them says who takes part")
	add(c.Segment != "" && !idPattern.MatchString(c.Segment), "segment", "must have the form segments/{segment}")
	add(!(c.Share >= 0.01 && c.Share <= 0.99), "holdout_share", "must be from 0.01 to 0.99, is %v", c.Share)
	add(c.End.IsZero(), "end_time", "must be set: it is when the result is read")
	add(!c.End.IsZero() && (c.End.Year() < 1970 || c.End.Year() > 9999), "end_time", "must be in the years 1970 to 9999")
	add(!facts.IsCurrency(c.Currency), "currency_code", `must be an ISO 4217 code, e.g. "CNY", is %q`, c.Currency)
	add(!(c.Level >= 0.5 && c.Level <= 0.999), "level", "must be from 0.5 to 0.999, is %v", c.Level)
	add(c.Strategy != "" && !idPattern.MatchString(c.Strategy), "strategy", "must have the form strategies/{strategy}")
	add(c.Action != "" && c.Strategy == "", "action", "must be empty without a strategy")
	add(c.Action != "" && !idPattern.MatchString(c.Action), "action", "must be an action's id")
	for i, s := range c.Strata {
		add(!idPattern.MatchString(s), fmt.Sprintf("strata[%d]", i), "must have the form segments/{segment}")
		add(slices.Contains(c.Strata[:i], s), fmt.Sprintf("strata[%d]", i), "must be there once")
	}
	return fault.Merge(wrong...)
}

// windowEnd is the end of the window in which orders count, as of an instant.
func (c *Campaign) windowEnd(at time.Time) time.Time {
	end := c.End
	if !c.Stop.IsZero() && c.Stop.Before(end) {
		end = c.Stop
	}
	if at.Before(end) {
		return at
	}
	return end
}

// final tells whether the planned end has been waited for.
func (c *Campaign) final(at time.Time) bool {
	return !at.Before(c.End) && (c.Stop.IsZero() || !c.Stop.Before(c.End))
}

// ArmOf assigns a customer to an arm of a campaign: held out where the first 64 bits
// of SHA-256(campaign ‖ 0x00 ‖ customer), as a big-endian fraction of 2⁶⁴, are below
// the share. It depends on nothing else, so that it can be computed anywhere, and
// neither the order nor the time of assignment matters; campaigns of different ids
// split independently of each other.
func ArmOf(campaign, customer string, share float64) Arm {
	h := sha256.New()
	h.Write([]byte(campaign))
	h.Write([]byte{0})
	h.Write([]byte(customer))
	// 53 bits are a float64 without rounding.
	if float64(binary.BigEndian.Uint64(h.Sum(nil))>>11)/(1<<53) < share {
		return HeldOut
	}
	return Treated
}
