package demo

import (
	"context"
	"fmt"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/pairs"
)

// shownPairs is how many pairs are shown with their reasons.
const shownPairs = 2

// duplicates has the customers compared, and lays what is proposed beside the
// second records that the shop is known to have.
func (d *demo) duplicates(ctx context.Context) error {
	found, err := pairs.Find(ctx, d.conn, 0, d.settings.Progress)
	if err != nil {
		return err
	}
	all, err := pairs.List(ctx, d.conn, profilev1.DuplicateState_DUPLICATE_STATE_OPEN, int(found.GetOpenCandidates()))
	if err != nil {
		return err
	}
	twin := map[string]string{}
	for c := range d.shop.Customers() {
		if c.TwinID != "" {
			twin["customers/"+c.ID] = "customers/" + c.TwinID
		}
	}
	right := 0
	for _, c := range all {
		if a, b := c.GetCustomers()[0], c.GetCustomers()[1]; twin[a] == b || twin[b] == a {
			right++
		}
	}
	d.page.Heading("Customers recorded twice")
	pairs.WriteFound(d.page, "en", found)
	d.page.Item(fmt.Sprintf("%d of the proposed pairs are one customer in truth; the shop wrote %d second records, some with nothing to know them by", right, len(twin)))
	return pairs.Write(ctx, d.conn, d.page, "en", all[:min(len(all), shownPairs)])
}
