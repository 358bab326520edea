package accounts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

var now = time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)

func daysAgo(n int) *timestamppb.Timestamp { return timestamppb.New(now.AddDate(0, 0, -n)) }

func person(id string, role profilev1.ChainRole, influence int32, attitude profilev1.Attitude) *profilev1.Contact {
	return &profilev1.Contact{Name: "customers/c/contacts/" + id, Role: role, Influence: influence, Attitude: attitude}
}

const (
	finance  = profilev1.ChainRole_CHAIN_ROLE_FINANCE
	user     = profilev1.ChainRole_CHAIN_ROLE_USER
	chairman = profilev1.ChainRole_CHAIN_ROLE_CHAIRMAN
	friend   = profilev1.Attitude_ATTITUDE_SUPPORTER
	enemy    = profilev1.Attitude_ATTITUDE_OPPONENT
	nobody   = profilev1.Attitude_ATTITUDE_UNSPECIFIED
)

func TestRisksOfAccounts(t *testing.T) {
	plan := &profilev1.AccountPlan{DecidingRoles: []profilev1.ChainRole{chairman, finance}}
	boss := person("boss", chairman, 5, enemy)
	boss.Decides = true
	clerk := person("clerk", user, 1, friend)
	clerk.LastContactTime = daysAgo(3)
	changed := &profilev1.AccountPlan{DecidingRoles: []profilev1.ChainRole{user}, OrganisationChanges: []*profilev1.OrganisationChange{
		{Date: &date.Date{Year: 2026, Month: 3, Day: 1}}}}
	sure := person("sure", user, 5, friend)
	sure.Decides, sure.LastContactTime = true, daysAgo(1)
	second := person("second", user, 3, friend)
	second.LastContactTime = daysAgo(90)
	late := person("late", user, 3, friend)
	late.LastContactTime = daysAgo(91)
	for what, c := range map[string]struct {
		contacts []*profilev1.Contact
		plan     *profilev1.AccountPlan
		want     []string
	}{
		"nobody": {nil, plan, []string{"NO_CONTACTS 3", "ROLE_UNKNOWN 2", "ROLE_UNKNOWN 2"}},
		"friends without influence": {[]*profilev1.Contact{boss, clerk}, plan, []string{
			"DECIDER_OPPOSED 3 boss", "SUPPORT_WITHOUT_INFLUENCE 3 clerk", "DECIDER_NOT_CONTACTED 2 boss",
			"SINGLE_THREAD 2 clerk", "ROLE_UNKNOWN 2", "ROLE_NOT_CONTACTED 1"}},
		"an enemy who does not decide": {[]*profilev1.Contact{sure, second, person("x", finance, 4, enemy)}, changed,
			[]string{"STRONG_OPPONENT 3 x", "RECENT_CHANGE 2"}},
		"nobody decides": {[]*profilev1.Contact{second, clerk, person("y", finance, 4, nobody)}, &profilev1.AccountPlan{DecidingRoles: []profilev1.ChainRole{user}},
			[]string{"NO_DECIDER_KNOWN 3", "ATTITUDE_UNKNOWN 1 y"}},
		"out of the window by a day": {[]*profilev1.Contact{sure, late}, &profilev1.AccountPlan{DecidingRoles: []profilev1.ChainRole{user}},
			[]string{"SINGLE_THREAD 2 sure"}},
	} {
		var got []string
		for _, r := range analyze(c.contacts, c.plan, now, 90).GetRisks() {
			line := fmt.Sprint(r.GetCode(), " ", r.GetSeverity())
			for _, name := range r.GetContacts() {
				line += " " + name[len("customers/c/contacts/"):]
			}
			got = append(got, line)
			if r.GetDescription().GetZh() == "" || r.GetAdvice().GetEn() == "" || (r.GetRole() != 0) != (len(riskTexts[r.GetCode()].description.GetEn()) != len(r.GetDescription().GetEn())) {
				t.Errorf("%s: words are missing: %v", what, r)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", what, got, c.want)
		}
	}
}

// Whatever is known of an account: shares are shares, who was contacted is known,
// every contact with a role is in one role, and support stays within −1 to 1.
func TestCoverageOfAnyAccount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var contacts []*profilev1.Contact
		withRole := 0
		for i := range rapid.IntRange(0, 12).Draw(t, "contacts") {
			c := person(fmt.Sprint(i), profilev1.ChainRole(rapid.IntRange(0, 10).Draw(t, "role")),
				int32(rapid.IntRange(0, 5).Draw(t, "influence")), profilev1.Attitude(rapid.IntRange(0, 5).Draw(t, "attitude")))
			c.Decides = rapid.Bool().Draw(t, "decides")
			if rapid.Bool().Draw(t, "met") {
				c.LastContactTime = daysAgo(rapid.IntRange(0, 200).Draw(t, "ago"))
			}
			if c.GetRole() != 0 {
				withRole++
			}
			contacts = append(contacts, c)
		}
		a := analyze(contacts, &profilev1.AccountPlan{}, now, 90)
		named := 0
		for _, r := range a.GetRoles() {
			named += len(r.GetContacts())
			if r.GetContacted() && r.GetLastContactTime() == nil {
				t.Fatalf("contacted at no time: %v", r)
			}
		}
		if named != withRole || a.GetContactedShare() > a.GetKnownShare() || a.GetKnownShare() > 1 || a.GetContactedShare() < 0 {
			t.Fatalf("%d of %d in roles; shares %v, %v", named, withRole, a.GetKnownShare(), a.GetContactedShare())
		}
		if a.Support != nil && (a.GetSupport() < -1 || a.GetSupport() > 1) {
			t.Fatalf("support %v", a.GetSupport())
		}
		if !slices.IsSortedFunc(a.GetRisks(), func(x, y *profilev1.AccountRisk) int { return int(y.GetSeverity() - x.GetSeverity()) }) {
			t.Fatal("risks out of order")
		}
	})
}

// Following accepted changes of who reports to whom never leads back to oneself.
func TestNobodyReportsToThemselves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "n")
		var all []*profilev1.Contact
		for i := range n {
			all = append(all, person(fmt.Sprint(i), 0, 0, 0))
		}
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			c := all[rapid.IntRange(0, n-1).Draw(t, "who")]
			before := c.GetReportsTo()
			c.ReportsTo = all[rapid.IntRange(0, n-1).Draw(t, "boss")].GetName()
			err := checkReporting(c, all)
			steps, at := 0, c.GetReportsTo()
			for ; at != "" && at != c.GetName() && steps <= n; steps++ {
				at = superiors(all)[at]
			}
			if cycle := at == c.GetName(); cycle != (fault.ReasonOf(err) == "REPORTING_CYCLE") {
				t.Fatalf("%v: %v", c, err)
			}
			if err != nil {
				c.ReportsTo = before
			}
		}
	})
}
