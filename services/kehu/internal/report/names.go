package report

import (
	"context"
	"regexp"
	"slices"
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// made are ids that an import of orders made for buyers of whom it knew a phone
// number or an e-mail address alone.
var made = regexp.MustCompile(`^p-[a-z2-7]{26}$`)

// atATime is how many customers are asked for in one call: the most there may be.
const atATime = 1000

// namesOf is what the customers with such ids are known by, by their ids.
func namesOf(ctx context.Context, customers profilev1.CustomerServiceClient, of []*valuationv1.Valuation) (map[string]string, error) {
	var ask []string
	for _, v := range of {
		if made.MatchString(v.GetCustomerId()) {
			ask = append(ask, "customers/"+v.GetCustomerId())
		}
	}
	names := make(map[string]string, len(ask))
	for part := range slices.Chunk(ask, atATime) {
		found, err := customers.BatchGetCustomers(ctx, &profilev1.BatchGetCustomersRequest{Names: part})
		if err != nil {
			return nil, err
		}
		for _, c := range found.GetCustomers() {
			for _, i := range c.GetIdentifiers() {
				if i.GetType() == profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE || i.GetType() == profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL {
					names[strings.TrimPrefix(c.GetName(), "customers/")] = i.GetValue()
					break
				}
			}
		}
	}
	return names, nil
}
