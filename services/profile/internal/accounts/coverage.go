package accounts

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

const (
	// usualWindow is for how many days somebody counts as contacted.
	usualWindow = 90
	// weighty is from which influence on somebody's word can turn a decision.
	weighty = 4
	// slight is up to which influence it does not.
	slight = 2
)

// usualRoles are those without which no decision is made, where a plan names none.
var usualRoles = []profilev1.ChainRole{
	profilev1.ChainRole_CHAIN_ROLE_CHAIRMAN, profilev1.ChainRole_CHAIN_ROLE_FINANCE, profilev1.ChainRole_CHAIN_ROLE_TECHNOLOGY,
	profilev1.ChainRole_CHAIN_ROLE_USER, profilev1.ChainRole_CHAIN_ROLE_PURCHASING,
}

// leaning is how an attitude counts in the mean, from −1 to 1.
var leaning = map[profilev1.Attitude]float64{
	profilev1.Attitude_ATTITUDE_SUPPORTER: 1, profilev1.Attitude_ATTITUDE_FRIENDLY: 0.5, profilev1.Attitude_ATTITUDE_NEUTRAL: 0,
	profilev1.Attitude_ATTITUDE_SCEPTICAL: -0.5, profilev1.Attitude_ATTITUDE_OPPONENT: -1,
}

// account is what an analysis looks at.
type account struct {
	contacts []*profilev1.Contact // the most influential first
	deciding []profilev1.ChainRole
	changes  []*profilev1.OrganisationChange
	now      time.Time
	since    time.Time // contacts from here on count
}

// analyze is a pure function of what is known.
func analyze(contacts []*profilev1.Contact, p *profilev1.AccountPlan, now time.Time, windowDays int32) *profilev1.AccountCoverage {
	a := &account{
		contacts: slices.Clone(contacts), deciding: p.GetDecidingRoles(), changes: p.GetOrganisationChanges(),
		now: now, since: now.AddDate(0, 0, -int(windowDays)),
	}
	if len(a.deciding) == 0 {
		a.deciding = usualRoles
	}
	slices.SortStableFunc(a.contacts, func(x, y *profilev1.Contact) int {
		return cmp.Or(cmp.Compare(y.GetInfluence(), x.GetInfluence()), cmp.Compare(x.GetName(), y.GetName()))
	})
	c := &profilev1.AccountCoverage{
		Roles: a.roles(), Support: a.support(), Contacts: int64(len(contacts)),
		AsOf: timestamppb.New(now), TimeZone: "UTC", WindowDays: windowDays,
	}
	deciding, known, reached := 0, 0, 0
	for _, r := range c.GetRoles() {
		if !r.GetDeciding() {
			continue
		}
		deciding++
		if len(r.GetContacts()) > 0 {
			known++
		}
		if r.GetContacted() {
			reached++
		}
	}
	c.KnownShare, c.ContactedShare = float64(known)/float64(deciding), float64(reached)/float64(deciding)
	for _, d := range a.which(func(c *profilev1.Contact) bool { return c.GetDecides() }) {
		c.Deciders = append(c.Deciders, d.GetName())
	}
	c.Risks = a.risks(c.GetRoles())
	return c
}

// recent reports whether somebody spoke with a contact in the window.
func (a *account) recent(c *profilev1.Contact) bool {
	return c.GetLastContactTime() != nil && !c.GetLastContactTime().AsTime().Before(a.since)
}

// which are the contacts of whom something holds, the most influential first.
func (a *account) which(holds func(*profilev1.Contact) bool) []*profilev1.Contact {
	var some []*profilev1.Contact
	for _, c := range a.contacts {
		if holds(c) {
			some = append(some, c)
		}
	}
	return some
}

// roles are the deciding roles, then those that somebody has besides.
func (a *account) roles() []*profilev1.RoleCoverage {
	var list []*profilev1.RoleCoverage
	at := make(map[profilev1.ChainRole]*profilev1.RoleCoverage)
	see := func(role profilev1.ChainRole, deciding bool) {
		if at[role] == nil && role != profilev1.ChainRole_CHAIN_ROLE_UNSPECIFIED {
			at[role] = &profilev1.RoleCoverage{Role: role, Deciding: deciding}
			list = append(list, at[role])
		}
	}
	for _, role := range a.deciding {
		see(role, true)
	}
	for _, c := range a.contacts {
		see(c.GetRole(), false)
		r := at[c.GetRole()]
		if r == nil {
			continue
		}
		r.Contacts = append(r.Contacts, c.GetName())
		r.Contacted = r.Contacted || a.recent(c)
		if t := c.GetLastContactTime(); t != nil && (r.LastContactTime == nil || t.AsTime().After(r.LastContactTime.AsTime())) {
			r.LastContactTime = t
		}
	}
	return list
}

// support is Σ influence·leaning / Σ influence.
func (a *account) support() *float64 {
	sum, weight := 0.0, 0.0
	for _, c := range a.contacts {
		if lean, known := leaning[c.GetAttitude()]; known && c.GetInfluence() > 0 {
			sum += float64(c.GetInfluence()) * lean
			weight += float64(c.GetInfluence())
		}
	}
	if weight == 0 {
		return nil
	}
	mean := sum / weight
	return &mean
}

// changedLately are the organisational changes of the window.
func (a *account) changedLately() int {
	n, since, until := 0, a.since.Format(time.DateOnly), a.now.AddDate(0, 0, 1).Format(time.DateOnly)
	for _, c := range a.changes {
		if day, err := aip.Day("date", c.GetDate()); err == nil && day >= since && day <= until {
			n++
		}
	}
	return n
}
