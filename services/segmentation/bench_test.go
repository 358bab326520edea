package segmentation_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

const benchCustomers = 100_000

// benchRules are 20 rules such as a shop has.
func benchRules() []string {
	rules := []string{
		`orders.count >= 3 && rfm.recency >= 4`,
		`customer.region == "广东" && revenue("CNY") >= 1000.0`,
		`orders.count == 1`,
		`orders.count == 0`,
		`rfm.group == "IMPORTANT_VALUE"`,
		`rfm.group in ["IMPORTANT_KEEP", "IMPORTANT_WIN_BACK"]`,
		`as_of - orders.last_time > duration("2160h") && orders.count > 0`,
		`days_since(orders.last_time) <= 30 && orders.days >= 2`,
		`customer.acquisition == "REFERRAL"`,
		`customer.kind == "ENTERPRISE" && revenue("CNY") > 5000.0`,
	}
	for i := range 10 {
		rules = append(rules, fmt.Sprintf(`rfm.monetary >= %d && customer.city != "城%d"`, 1+i%5, i))
	}
	return rules
}

// large gives the shop of a world many customers and valuations, made from a seed.
func (w *world) large(n int) {
	w.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		id := fmt.Sprintf("c%07d", i)
		w.shop.customer(id, &profilev1.Customer{
			Kind: profilev1.CustomerKind(1 + r.IntN(2)), Gender: profilev1.Gender(r.IntN(3)), DisplayName: "王芳",
			Region: []string{"广东", "北京", "CA"}[r.IntN(3)], City: fmt.Sprintf("城%d", r.IntN(20)), Acquisition: profilev1.Acquisition(r.IntN(6)),
		})
		if r.IntN(10) == 0 {
			continue
		}
		first := from.Add(time.Duration(r.IntN(500*24)) * time.Hour)
		scores := [3]int32{1 + r.Int32N(5), 1 + r.Int32N(5), 1 + r.Int32N(5)}
		w.shop.bought(id, &valuationv1.Valuation{
			Name: "customers/" + id + "/valuation", AsOf: timestamppb.New(from.AddDate(2, 0, 0)),
			Orders: 1 + r.Int64N(9), OrderDays: 1 + r.Int64N(5), RecencyDays: r.Int64N(400),
			FirstOrderTime: timestamppb.New(first), LastOrderTime: timestamppb.New(first.AddDate(0, r.IntN(6), 0)),
			Revenue: []*apiv1.Money{{MinorUnits: r.Int64N(900_000), CurrencyCode: "CNY"}},
			Rfm: &valuationv1.RfmScores{
				Recency: scores[0], Frequency: scores[1], Monetary: scores[2], Cell: fmt.Sprint(scores[0], scores[1], scores[2]),
				Group: valuationv1.RfmGroup(1 + r.IntN(8)), Segment: "Champions",
			},
		})
	}
	w.shop.batch = 1000
	w.shop.refresh()
}

// BenchmarkEvaluate reads the facts of 100,000 customers from both peers, once
// alone and once with 20 rules evaluated for each. over-decoding is the time of
// the second over that of the first.
func BenchmarkEvaluate(b *testing.B) {
	w := newWorld(b, openPebble(b))
	w.large(benchCustomers)
	c, err := rule.NewCompiler(nil)
	if err != nil {
		b.Fatal(err)
	}
	var rules []*rule.Rule
	for _, expression := range benchRules() {
		compiled, err := c.Compile(expression)
		if err != nil {
			b.Fatal(err)
		}
		rules = append(rules, compiled)
	}
	p := newPeers(w)
	edition, err := p.Edition(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	pass := func(rules []*rule.Rule) time.Duration {
		began := time.Now()
		at := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
		for facts, err := range p.Facts(b.Context(), edition, "") {
			if err != nil {
				b.Fatal(err)
			}
			one := &criterion.Case{Facts: facts, At: at}
			for _, r := range rules {
				if _, err := r.Evaluate(one); err != nil {
					b.Fatal(err)
				}
			}
		}
		return time.Since(began)
	}
	var decoding, all time.Duration
	for b.Loop() {
		decoding += pass(nil)
		all += pass(rules)
	}
	customers := float64(b.N) * benchCustomers
	b.ReportMetric(customers/decoding.Seconds(), "decoded/s")
	b.ReportMetric(customers*float64(len(rules))/(all-decoding).Seconds(), "evaluations/s")
	b.ReportMetric(all.Seconds()/decoding.Seconds(), "over-decoding")
}

// BenchmarkRecompute forms 20 segments of 100,000 customers through the RPC and
// writes it all: first from nobody, so that every membership is a transition too,
// and then once more without a change.
func BenchmarkRecompute(b *testing.B) {
	w := newWorld(b, openPebble(b))
	for i, expression := range benchRules() {
		w.shop.fill(0)
		w.create(fmt.Sprintf("s%d", i), expression)
		w.publish(fmt.Sprintf("s%d", i))
	}
	w.large(benchCustomers)
	form := func() (took time.Duration, members, moves int64) {
		began := time.Now()
		answer := w.recompute()
		took = time.Since(began)
		for _, s := range answer.GetSegments() {
			members += s.GetMemberCount()
		}
		return took, members, answer.GetEntered() + answer.GetLeft()
	}
	took, members, moves := form()
	b.Logf("from nobody: %d memberships and %d transitions in %s", members, moves, took)
	for b.Loop() {
		took, members, _ := form()
		b.ReportMetric(benchCustomers/took.Seconds(), "customers/s")
		b.ReportMetric(float64(members)/took.Seconds(), "memberships/s")
	}
}
