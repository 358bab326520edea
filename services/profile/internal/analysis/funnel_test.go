package analysis_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

// shop is a base whose figures are counted by hand below.
func (a *analyst) shop(t testing.TB) {
	for id, region := range map[string]string{"ann": "广东", "bob": "广东", "cat": "北京", "dan": "北京", "eve": "", "a-b": "广东", "王": "北京"} {
		a.create(t, id, &profilev1.Customer{Region: region})
	}
	a.did(t, "ann", 100, "page Home@mail", "cart Product Added", "page Checkout")
	a.bought(t, "ann", "1", 90, 5000)
	a.did(t, "bob", 100, "page Home@ad", "cart Product Added")
	a.did(t, "bob", 50, "page Home@mail", "support Chat", "cart Product Added") // a second attempt, no further
	a.did(t, "cat", 100, "page Home@ad", "page Home@mail")
	a.did(t, "dan", 100, "cart Product Added", "page Home@mail") // the wrong way round
	a.bought(t, "dan", "2", 99, 900)
	a.bought(t, "eve", "3", 10, 700)
	a.did(t, "a-b", 100, "page Home", "cart Product Added", "support Chat")
	a.bought(t, "a-b", "4", 98, 100)
	a.bought(t, "王", "5", 2, 100) // did nothing else
}

func funnelOf(order profilev1.FunnelOrder) *profilev1.Funnel {
	return &profilev1.Funnel{
		Order: order,
		Steps: []*profilev1.FunnelStep{
			{DisplayName: "page", Event: selects("page", "Home")},
			{DisplayName: "cart", Event: selects("cart", "")},
			{DisplayName: "chat", Event: selects("support", ""), Optional: true},
			{DisplayName: "order", Event: selects("order", "")},
		},
		Window: durationpb.New(72 * time.Hour),
	}
}

func TestFunnelByHand(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		a := analyze(t, e, nil)
		a.shop(t)
		f := funnelOf(profilev1.FunnelOrder_FUNNEL_ORDER_ORDERED)
		f.Breakdown = &profilev1.FunnelBreakdown{By: &profilev1.FunnelBreakdown_EventField{EventField: "context.campaign.source"}}
		got := a.ask(t, &profilev1.Analysis{Definition: &profilev1.Analysis_Funnel{Funnel: f}, TimeZone: "Asia/Shanghai"})
		r := got.GetFunnelResult()
		if got.GetPopulationSize() != 7 || !got.GetAsOf().AsTime().Equal(now) || got.GetTimeZone() != "Asia/Shanghai" {
			t.Errorf("%v", got)
		}
		// Entered: ann, bob, cat, dan, a-b. In the cart: ann, bob, a-b. Bought: ann, a-b.
		// Chatted on the way: a-b, and bob within three days of the cart.
		for i, want := range []struct{ reached, dropped, open int64 }{{5, 2, 0}, {3, 1, 0}, {2, 0, 0}, {2, 0, 0}} {
			if s := r.GetSteps()[i]; s.GetReached() != want.reached || s.GetDropped() != want.dropped || s.GetStillOpen() != want.open {
				t.Errorf("step %d: %v", i+1, s)
			}
		}
		if c := r.GetConversion(); c.GetValue() != 0.4 || c.GetN() != 5 || c.GetMethod() != "wilson" || c.GetLow() >= 0.4 || c.GetHigh() <= 0.4 {
			t.Errorf("conversion %v", c)
		}
		if d := r.GetTimeToConvert(); d.GetN() != 2 || d.GetMeanMs() != 6*3600*1000 {
			t.Errorf("time to convert %v", d)
		}
		mail := "mail"
		for _, c := range []struct {
			list  string
			value *string
			want  []string
		}{
			{"converted", nil, []string{"a-b", "ann"}}, {"dropped-1", nil, []string{"cat", "dan"}}, {"dropped-2", nil, []string{"bob"}},
			{"converted", &mail, []string{"ann"}}, {"dropped-1", &mail, []string{"dan"}},
		} {
			if got := a.listed(t, got, c.list, c.value); !slices.Equal(sorted(got), c.want) {
				t.Errorf("%s of %v: %v, want %v", c.list, c.value, got, c.want)
			}
		}
		// Attempts begin: ann and dan by mail, bob and cat by ad (the first of equal
		// ones), a-b by nothing known.
		var groups []string
		for _, g := range r.GetGroups() {
			groups = append(groups, fmt.Sprintf("%s %v %v", g.GetValue(), g.GetReached(), g.GetDropped()))
		}
		if want := []string{"ad [2 1 0] [1 1]", "mail [2 1 1] [1 0]", " [1 1 1] [0 0]"}; !slices.Equal(groups, want) {
			t.Errorf("groups %q, want %q", groups, want)
		}
	})
}

func TestFunnelWithExclusionOrderAndPopulation(t *testing.T) {
	a := analyze(t, onPebble(t), map[string][]string{"segments/south": {"a-b", "ann", "bob", "gone"}})
	a.shop(t)
	ask := func(p *profilev1.Population, change func(*profilev1.Funnel)) []int64 {
		f := funnelOf(profilev1.FunnelOrder_FUNNEL_ORDER_ORDERED)
		change(f)
		var reached []int64
		r := a.ask(t, &profilev1.Analysis{Population: p, Definition: &profilev1.Analysis_Funnel{Funnel: f}}).GetFunnelResult()
		for i, s := range r.GetSteps() {
			if !f.GetSteps()[i].GetOptional() {
				reached = append(reached, s.GetReached())
			}
		}
		return reached
	}
	nothing := func(*profilev1.Funnel) {}
	for _, c := range []struct {
		what   string
		p      *profilev1.Population
		change func(*profilev1.Funnel)
		want   []int64
	}{
		{"a chat before the order ends it", nil, func(f *profilev1.Funnel) {
			f.Steps = slices.Delete(f.Steps, 2, 3)
			f.Exclusions = []*profilev1.FunnelExclusion{{Event: selects("support", ""), AfterStep: 2}}
		}, []int64{5, 3, 1}},
		// ann looks at the checkout between cart and order; a-b chats, which is a step.
		{"strictly", nil, func(f *profilev1.Funnel) { f.Order = profilev1.FunnelOrder_FUNNEL_ORDER_STRICT }, []int64{5, 3, 1}},
		{"in any order", nil, func(f *profilev1.Funnel) { f.Order = profilev1.FunnelOrder_FUNNEL_ORDER_ANY_ORDER }, []int64{7, 4, 3}},
		{"within an hour", nil, func(f *profilev1.Funnel) { f.Window = durationpb.New(time.Hour) }, []int64{5, 3, 0}},
		{"begun lately", nil, func(f *profilev1.Funnel) { f.StartTime = at(now.Add(-60 * time.Hour)) }, []int64{1, 1, 0}},
		{"in one region", &profilev1.Population{Conditions: []*profilev1.Condition{is("customer.region", "北京")}}, nothing, []int64{2, 0, 0}},
		{"of a list", &profilev1.Population{Customers: []string{"customers/ann", "customers/nobody"}}, nothing, []int64{1, 1, 1}},
		{"of a segment", &profilev1.Population{Segment: "segments/south"}, nothing, []int64{3, 3, 2}},
		{"with large orders", &profilev1.Population{Conditions: []*profilev1.Condition{{
			Field: "orders.revenue.CNY", Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_ABOVE, Values: []*structpb.Value{structpb.NewNumberValue(800)},
		}}}, nothing, []int64{2, 1, 1}},
	} {
		if got := ask(c.p, c.change); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestAnalysesThatCannotBe(t *testing.T) {
	a := analyze(t, onPebble(t), nil)
	funnel := func(change func(*profilev1.Funnel)) *profilev1.Analysis {
		f := funnelOf(profilev1.FunnelOrder_FUNNEL_ORDER_ORDERED)
		change(f)
		return &profilev1.Analysis{Definition: &profilev1.Analysis_Funnel{Funnel: f}}
	}
	plain := func(change func(*profilev1.Analysis)) *profilev1.Analysis {
		x := funnel(func(*profilev1.Funnel) {})
		change(x)
		return x
	}
	portrait := func(attributes ...*profilev1.PortraitAttribute) *profilev1.Analysis {
		return &profilev1.Analysis{Definition: &profilev1.Analysis_Portrait{Portrait: &profilev1.Portrait{Attributes: attributes}}}
	}
	for _, c := range []struct {
		asked         *profilev1.Analysis
		reason, field string
	}{
		{plain(func(x *profilev1.Analysis) { x.TimeZone = "Mars/Base" }), "INVALID_FIELD", "analysis.time_zone"},
		{plain(func(x *profilev1.Analysis) { x.AsOf = at(now.Add(time.Hour)) }), "INVALID_FIELD", "analysis.as_of"},
		{plain(func(x *profilev1.Analysis) { x.AsOf = &timestamppb.Timestamp{Nanos: -1} }), "INVALID_FIELD", "analysis.as_of"},
		{plain(func(x *profilev1.Analysis) { x.Population = &profilev1.Population{Segment: "x"} }), "INVALID_FIELD", "analysis.population.segment"},
		{plain(func(x *profilev1.Analysis) {
			x.Population = &profilev1.Population{Conditions: []*profilev1.Condition{is("customer.shoe_size", 43)}}
		}), "FIELD_UNKNOWN", "analysis.population.conditions[0].field"},
		{plain(func(x *profilev1.Analysis) { x.Population = &profilev1.Population{Customers: []string{"ann"}} }), "INVALID_FIELD", "analysis.population.customers[0]"},
		{funnel(func(f *profilev1.Funnel) { f.Steps[0].Optional = true }), "INVALID_FIELD", "analysis.funnel.steps[0].optional"},
		{funnel(func(f *profilev1.Funnel) { f.Steps[3].Optional = true }), "INVALID_FIELD", "analysis.funnel.steps[3].optional"},
		{funnel(func(f *profilev1.Funnel) { f.Steps[1].Event.Type = "teleport" }), "EVENT_TYPE_UNKNOWN", "analysis.funnel.steps[1].event.type"},
		{funnel(func(f *profilev1.Funnel) { f.Window = durationpb.New(0) }), "INVALID_FIELD", "analysis.funnel.window"},
		{funnel(func(f *profilev1.Funnel) { f.StartTime = at(now) }), "INVALID_FIELD", "analysis.funnel.end_time"},
		{funnel(func(f *profilev1.Funnel) {
			f.Exclusions = []*profilev1.FunnelExclusion{{Event: selects("page", ""), AfterStep: 3}}
		}), "INVALID_FIELD", "analysis.funnel.exclusions[0].after_step"},
		{funnel(func(f *profilev1.Funnel) {
			f.Breakdown = &profilev1.FunnelBreakdown{By: &profilev1.FunnelBreakdown_EventField{EventField: "customer.city"}}
		}), "FIELD_UNKNOWN", "analysis.funnel.breakdown.event_field"},
		{&profilev1.Analysis{Definition: &profilev1.Analysis_Retention{Retention: &profilev1.Retention{
			Unit: profilev1.CalendarUnit_CALENDAR_UNIT_DAY, StartTime: at(now.AddDate(-3, 0, 0)), Periods: 400,
		}}}, "INVALID_FIELD", "analysis.retention.periods"},
		{portrait(&profilev1.PortraitAttribute{Field: "age", Edges: []float64{3, 3}}), "INVALID_FIELD", "analysis.portrait.attributes[0].edges[1]"},
		{portrait(&profilev1.PortraitAttribute{Field: "orders.revenue.XXQ"}), "FIELD_UNKNOWN", "analysis.portrait.attributes[0].field"},
		{portrait(&profilev1.PortraitAttribute{Field: "age", Edges: []float64{3}, Quantiles: 4}), "INVALID_FIELD", "analysis.portrait.attributes[0]"},
	} {
		for _, only := range []bool{true, false} {
			_, err := a.analyses.CreateAnalysis(t.Context(), &profilev1.CreateAnalysisRequest{Analysis: c.asked, ValidateOnly: only})
			roomtest.Refused(t, c.field, err, codes.InvalidArgument, c.reason, c.field)
		}
	}
	list, err := a.analyses.ListAnalyses(t.Context(), &profilev1.ListAnalysesRequest{})
	must(t, err)
	if len(list.GetAnalyses()) != 0 {
		t.Errorf("refused analyses are kept: %v", list)
	}
}
