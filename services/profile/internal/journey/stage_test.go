package journey_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/journey"
)

const hour = 3_600_000

func step(hours int64, kind string) activity.Step {
	return activity.Step{TimeMS: hours * hour, Type: kind}
}

func compile(t interface{ Fatal(...any) }, p *profilev1.JourneyPolicy) *journey.Policy {
	policy, err := journey.Compile("", p)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// told are transitions as words: the stage, the hour, the rule.
type told struct {
	to   journey.Stage
	hour int64
	rule int
}

func walk(t interface{ Fatal(...any) }, p *journey.Policy, steps []activity.Step, settings ...journey.Setting) (all []told) {
	transitions, err := p.Transitions(context.Background(), steps, settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range transitions {
		all = append(all, told{x.To, x.TimeMS / hour, x.Rule})
	}
	return all
}

// By the default policy: a customer who looks around, buys, comes back the next
// day, and has bought on three days.
func TestDefaultPolicyByHand(t *testing.T) {
	policy := compile(t, &profilev1.JourneyPolicy{Rules: journey.DefaultRules()})
	got := walk(t, policy, []activity.Step{
		step(1, "page"), step(1, "page"), step(2, "search"), step(3, "cart"), step(3, "page"),
		step(4, "order"), step(5, "page"), // the page that says thank you is no use of what was bought
		step(30, "page"), step(31, "order"), step(31, "order"), step(32, "cart"), step(60, "order"),
	})
	var stages []journey.Stage
	var hours []int64
	for _, x := range got {
		stages, hours = append(stages, x.to), append(hours, x.hour)
	}
	wantStages := []journey.Stage{journey.Awareness, journey.Consideration, journey.Decision, journey.Purchase, journey.Use, journey.Loyalty}
	if !reflect.DeepEqual(stages, wantStages) || !reflect.DeepEqual(hours, []int64{1, 2, 3, 4, 30, 60}) {
		t.Errorf("%v at %v", stages, hours)
	}
}

// A shop without events has stages from its orders alone.
func TestOrdersAlone(t *testing.T) {
	policy := compile(t, &profilev1.JourneyPolicy{Rules: journey.DefaultRules()})
	got := walk(t, policy, []activity.Step{step(0, "order"), step(24, "order"), step(47, "order"), step(48, "order")})
	if len(got) != 2 || got[0].to != journey.Purchase || got[1].to != journey.Loyalty || got[1].hour != 48 {
		t.Errorf("%v", got)
	}
}

// Days are those of the policy's zone: 23:00 and 01:00 UTC are one day in Shanghai.
func TestDaysAreOfTheZone(t *testing.T) {
	rules := []*profilev1.StageRule{{
		Stage: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, Event: &profilev1.EventSelector{Type: "order"}, Count: 2, DistinctDays: true,
	}}
	orders := []activity.Step{step(23, "order"), step(25, "order")}
	if got := walk(t, compile(t, &profilev1.JourneyPolicy{Rules: rules}), orders); len(got) != 1 {
		t.Errorf("in UTC: %v", got)
	}
	if got := walk(t, compile(t, &profilev1.JourneyPolicy{Rules: rules, TimeZone: "Asia/Shanghai"}), orders); len(got) != 0 {
		t.Errorf("in Shanghai: %v", got)
	}
}

// What a person says holds, forwards and back, and the rules lead on from there.
func TestSettings(t *testing.T) {
	policy := compile(t, &profilev1.JourneyPolicy{Rules: journey.DefaultRules()})
	steps := []activity.Step{step(1, "order"), step(30, "page"), step(40, "cart"), step(50, "order"), step(60, "page"), step(80, "page")}
	got := walk(t, policy, steps,
		journey.Setting{TimeMS: 35 * hour, Stage: journey.Consideration},
		journey.Setting{TimeMS: 45 * hour, Stage: journey.Decision},
		journey.Setting{TimeMS: 90 * hour, Stage: journey.Loyalty})
	want := []told{{journey.Purchase, 1, 5}, {journey.Use, 30, 7}, {journey.Consideration, 35, 0}, {journey.Decision, 40, 4}, {journey.Decision, 45, 0},
		{journey.Purchase, 50, 5}, {journey.Use, 80, 7}, {journey.Loyalty, 90, 0}}
	for i := range got {
		if got[i].rule > 0 {
			got[i].rule, want[i].rule = 1, min(want[i].rule, 1)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Rules never lead back, transitions follow each other, and what is known later
// changes nothing that was before.
func TestTransitionsAreAFunctionOfTheHistory(t *testing.T) {
	policy := compile(t, &profilev1.JourneyPolicy{Rules: journey.DefaultRules()})
	rapid.Check(t, func(t *rapid.T) {
		var steps []activity.Step
		at := int64(0)
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			at += rapid.Int64Range(0, 30).Draw(t, "later")
			steps = append(steps, step(at, rapid.SampledFrom([]string{"page", "search", "cart", "order", "support", "social", "custom"}).Draw(t, "type")))
		}
		all := walk(t, policy, steps)
		for i := 1; i < len(all); i++ {
			if all[i].to <= all[i-1].to || all[i].hour < all[i-1].hour {
				t.Fatalf("%v", all)
			}
		}
		known := rapid.IntRange(0, len(steps)).Draw(t, "known")
		early := walk(t, policy, steps[:known])
		if len(early) > len(all) || len(early) > 0 && !reflect.DeepEqual(early, all[:len(early)]) {
			t.Fatalf("of %d steps %v, of all %v", known, early, all)
		}
	})
}

func TestRulesThatCannotBe(t *testing.T) {
	order := &profilev1.EventSelector{Type: "order"}
	purchase, use := profilev1.JourneyStage_JOURNEY_STAGE_PURCHASE, profilev1.JourneyStage_JOURNEY_STAGE_USE
	for field, rule := range map[string]*profilev1.StageRule{
		"journey_policy.rules[0].after_stage":                {Stage: purchase, Event: order, AfterStage: use},
		"journey_policy.rules[0].after_delay":                {Stage: use, Event: order, AfterDelay: durationpb.New(time.Hour)},
		"journey_policy.rules[0].event.type":                 {Stage: use, Event: &profilev1.EventSelector{Type: "identify"}},
		"journey_policy.rules[0].event.conditions[0].field":  {Stage: use, Event: &profilev1.EventSelector{Conditions: []*profilev1.Condition{{Field: "customer.city", Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_IS_KNOWN}}}},
		"journey_policy.rules[0].event.conditions[0].values": {Stage: use, Event: &profilev1.EventSelector{Conditions: []*profilev1.Condition{{Field: "name", Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_IS}}}},
	} {
		_, err := journey.Compile("journey_policy", &profilev1.JourneyPolicy{Rules: []*profilev1.StageRule{rule}})
		f, ok := fault.As(err)
		if !ok || f.Kind != fault.InvalidArgument || f.Violations[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
