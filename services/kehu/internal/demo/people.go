package demo

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
	"github.com/kehuhq/kehu/services/kehu/internal/pairs"
)

// quality shows what to fix first in the records.
func (d *demo) quality(ctx context.Context) error {
	report, err := findings.Assess(ctx, d.conn, d.settings.Progress)
	if err != nil {
		return err
	}
	f := findings.Quality(report, "en", 3)
	d.page.Heading(f.Title)
	f.Set(d.page)
	d.yourself("kehu quality")
	return nil
}

// merge makes the likeliest pair of duplicates one customer, and two again.
func (d *demo) merge(ctx context.Context) error {
	pair, err := d.pairOfBuyers(ctx)
	if err != nil || pair == nil {
		return err
	}
	one, other := pair.GetCustomers()[0], pair.GetCustomers()[1]
	client := profilev1.NewMergingServiceClient(d.conn)
	rows := [][]string{{"orders of", one, other}}
	note := func(when string) error {
		a, err := d.orders(ctx, one)
		if err != nil {
			return err
		}
		b, err := d.orders(ctx, other)
		rows = append(rows, []string{when, count(a), count(b)})
		return err
	}
	if err := note("before"); err != nil {
		return err
	}
	merged, err := client.MergeCustomers(ctx, &profilev1.MergeCustomersRequest{
		Survivor: one, Merged: []string{other}, Reason: "the same person, asked on the phone", Evidence: []string{pair.GetName()},
	})
	if err != nil {
		return err
	}
	if err := note("merged: one customer, by either id"); err != nil {
		return err
	}
	if _, err := client.UnmergeCustomers(ctx, &profilev1.UnmergeCustomersRequest{
		Target: &profilev1.UnmergeCustomersRequest_MergeRecord{MergeRecord: merged.GetMergeRecord().GetName()},
	}); err != nil {
		return err
	}
	if err := note("unmerged: as they were"); err != nil {
		return err
	}
	d.page.Heading("Merge and unmerge 合并与撤销")
	d.page.Table(rows)
	d.yourself("kehu duplicates accept "+pair.GetName(), "kehu profile unmerge-customers --customer "+other)
	return nil
}

// pairOfBuyers is the likeliest pair of duplicates that both have orders, or else
// the likeliest; nil where there is none.
func (d *demo) pairOfBuyers(ctx context.Context) (*profilev1.DuplicateCandidate, error) {
	best, err := pairs.List(ctx, d.conn, profilev1.DuplicateState_DUPLICATE_STATE_OPEN, 200)
	if err != nil || len(best) == 0 {
		return nil, err
	}
	for _, pair := range best {
		n, err := d.orders(ctx, pair.GetCustomers()[1])
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return pair, nil
		}
	}
	return best[0], nil
}

// orders counts a customer's orders.
func (d *demo) orders(ctx context.Context, customer string) (n int64, err error) {
	request := &profilev1.ListOrdersRequest{Parent: customer, PageSize: 1000}
	for {
		page, err := profilev1.NewOrderServiceClient(d.conn).ListOrders(ctx, request)
		if err != nil {
			return 0, err
		}
		n += int64(len(page.GetOrders()))
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return n, nil
		}
	}
}

// regularOrders make a customer a regular one.
const regularOrders = 5

// portrait shows who the regular customers are, against all who bought.
func (d *demo) portrait(ctx context.Context) error {
	buyers := func(orders float64) *profilev1.Population {
		return &profilev1.Population{Conditions: []*profilev1.Condition{{
			Field: "orders.count", Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_AT_LEAST,
			Values: []*structpb.Value{structpb.NewNumberValue(orders)},
		}}}
	}
	done, err := d.show(ctx, &profilev1.Analysis{DisplayName: "Regular customers", Population: buyers(1), Definition: &profilev1.Analysis_Portrait{Portrait: &profilev1.Portrait{
		Group: buyers(regularOrders),
		Attributes: []*profilev1.PortraitAttribute{
			{Field: "age"}, {Field: "customer.gender"}, {Field: "customer.acquisition"}, {Field: "customer.region", MaxValues: 3},
		},
	}}})
	if err != nil {
		return err
	}
	truth := int64(d.shop.Buyers(regularOrders))
	d.page.Item(fmt.Sprintf("truth: %d customers with %d orders or more%s", truth, regularOrders, verdict(truth == done.GetPortraitResult().GetGroupSize())))
	d.yourself(fmt.Sprintf("kehu portrait --where 'orders.count>=1' --group 'orders.count>=%d' --of age --of customer.gender%s", regularOrders, d.asOf()))
	return nil
}
