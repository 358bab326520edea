package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// read reads something of the customer with a number.
type read func(ctx context.Context, n int) error

type reader struct {
	what string
	read read
}

// readers are the ways of reading that are timed, by id and by phone number first.
func readers(conn grpc.ClientConnInterface) []reader {
	customers, orders, events := profilev1.NewCustomerServiceClient(conn), profilev1.NewOrderServiceClient(conn), profilev1.NewEventServiceClient(conn)
	token := "" // of the next page of customers
	return []reader{
		{"customer by id", func(ctx context.Context, n int) error {
			found, err := customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: "customers/" + customerID(n)})
			return is(found, n, err)
		}},
		{"customer by phone", func(ctx context.Context, n int) error {
			found, err := customers.LookupCustomer(ctx, &profilev1.LookupCustomerRequest{Phone: phoneOf(n)})
			return is(found, n, err)
		}},
		{"customer by e-mail", func(ctx context.Context, n int) error {
			found, err := customers.LookupCustomer(ctx, &profilev1.LookupCustomerRequest{Email: emailOf(n)})
			return is(found, n, err)
		}},
		{"100 customers", func(ctx context.Context, _ int) error {
			page, err := customers.ListCustomers(ctx, &profilev1.ListCustomersRequest{PageSize: 100, PageToken: token})
			token = page.GetNextPageToken()
			return err
		}},
		{"orders of one", func(ctx context.Context, n int) error {
			_, err := orders.ListOrders(ctx, &profilev1.ListOrdersRequest{Parent: "customers/" + customerID(n)})
			return err
		}},
		{"events of one", func(ctx context.Context, n int) error {
			_, err := events.ListEvents(ctx, &profilev1.ListEventsRequest{Parent: "customers/" + customerID(n)})
			return err
		}},
	}
}

func is(found *profilev1.Customer, n int, err error) error {
	if err == nil && found.GetName() != "customers/"+customerID(n) {
		return fmt.Errorf("%s was found for %s", found.GetName(), customerID(n))
	}
	return err
}

// readCalls are made of each sort, and twice as many answers are waited for:
// those of the small base and of the large one in turns.
const readCalls = 1000

// readings are the times of one sort of reading.
type readings struct {
	what         string
	small, large []time.Duration
}

// compareReads reads from both bases in turns. Where ctx ends it tells of the
// sorts that were measured by then, with the error.
func compareReads(ctx context.Context, small, large *base, fromSmall, fromLarge grpc.ClientConnInterface) (all []readings, err error) {
	random := rand.New(rand.NewPCG(5, 6))
	smalls, larges := readers(fromSmall), readers(fromLarge)
	for i := range smalls {
		r := readings{what: smalls[i].what}
		for call := range readCalls + 50 {
			for _, side := range []struct {
				read  read
				of    *base
				times *[]time.Duration
			}{{smalls[i].read, small, &r.small}, {larges[i].read, large, &r.large}} {
				start := time.Now()
				if err := side.read(ctx, random.IntN(side.of.customers)); err != nil {
					return all, err
				}
				if call >= 50 { // those before warm up
					*side.times = append(*side.times, time.Since(start))
				}
			}
		}
		all = append(all, r)
	}
	return all, nil
}
