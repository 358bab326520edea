package journey

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/calendar"
)

// usedAfter is how long after a purchase a visit is one to use what was bought,
// and not the end of buying it.
const usedAfter = 24 * time.Hour

// loyalDays is on how many days somebody has bought who is loyal.
const loyalDays = 3

// DefaultRules are those in force until the policy is changed.
func DefaultRules() []*profilev1.StageRule {
	event := func(kind string) *profilev1.EventSelector { return &profilev1.EventSelector{Type: kind} }
	to := func(stage profilev1.JourneyStage, kinds ...string) (rules []*profilev1.StageRule) {
		for _, kind := range kinds {
			rules = append(rules, &profilev1.StageRule{Stage: stage, Event: event(kind), Count: 1})
		}
		return rules
	}
	rules := to(profilev1.JourneyStage_JOURNEY_STAGE_AWARENESS, "page", "screen", "session", "social", "click")
	rules = append(rules, to(profilev1.JourneyStage_JOURNEY_STAGE_CONSIDERATION, "view", "search")...)
	rules = append(rules, to(profilev1.JourneyStage_JOURNEY_STAGE_DECISION, "cart")...)
	rules = append(rules, to(profilev1.JourneyStage_JOURNEY_STAGE_PURCHASE, "order", "purchase")...)
	for _, kind := range []string{"page", "screen", "session", "support"} {
		rules = append(rules, &profilev1.StageRule{
			Stage: profilev1.JourneyStage_JOURNEY_STAGE_USE, Event: event(kind), Count: 1,
			AfterStage: profilev1.JourneyStage_JOURNEY_STAGE_PURCHASE, AfterDelay: durationpb.New(usedAfter),
		})
	}
	return append(rules,
		&profilev1.StageRule{Stage: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, Event: event("order"), Count: loyalDays, DistinctDays: true},
		&profilev1.StageRule{
			Stage: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, Event: event("social"), Count: 1,
			AfterStage: profilev1.JourneyStage_JOURNEY_STAGE_PURCHASE,
		})
}

const maxDelay = 3653 * 24 * time.Hour // ten years

// Compile makes the rules of a policy ready, or reports what is wrong with them.
// at is the field in which the policy stands, "" where it is stored.
func Compile(at string, p *profilev1.JourneyPolicy) (*Policy, error) {
	if at != "" {
		at += "."
	}
	zone, err := calendar.Zone(at+"time_zone", p.GetTimeZone())
	if err != nil {
		return nil, err
	}
	policy := &Policy{Version: p.GetVersion(), Zone: zone}
	for i, r := range p.GetRules() {
		rule, err := compileRule(fmt.Sprintf("%srules[%d]", at, i), r, zone)
		if err != nil {
			return nil, err
		}
		policy.Rules = append(policy.Rules, rule)
	}
	return policy, nil
}

func compileRule(at string, r *profilev1.StageRule, zone *time.Location) (Rule, error) {
	selector, err := activity.NewSelector(at+".event", r.GetEvent(), zone)
	if err != nil {
		return Rule{}, err
	}
	rule := Rule{
		Stage: Stage(r.GetStage()), Selector: selector, Count: max(1, int(r.GetCount())),
		Days: r.GetDistinctDays(), After: Stage(r.GetAfterStage()),
	}
	if rule.After >= rule.Stage {
		return Rule{}, fault.Invalid(at+".after_stage", "must be a stage before %s", rule.Stage)
	}
	if d := r.GetAfterDelay(); d != nil {
		if d.CheckValid() != nil || d.AsDuration() < 0 || d.AsDuration() > maxDelay {
			return Rule{}, fault.Invalid(at+".after_delay", "must be from 0 s to ten years")
		}
		if rule.After == None {
			return Rule{}, fault.Invalid(at+".after_delay", "needs an after_stage")
		}
		rule.Delay = d.AsDuration()
	}
	return rule, nil
}
