package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

const (
	getCustomers = 20_000
	getCalls     = 1_000 // of a round
	getRounds    = 21
)

// echo is a CustomerService that asks nobody and answers every GetCustomer with
// the same customer.
type echo struct {
	profilev1.UnimplementedCustomerServiceServer
	answer *profilev1.Customer
}

func (e echo) GetCustomer(context.Context, *profilev1.GetCustomerRequest) (*profilev1.Customer, error) {
	return e.answer, nil
}

// BenchmarkGet compares getting customers at random from the profile service with
// an echo of one of them by the same stack, through the gateway and direct by
// gRPC over TCP. The ratio is that of the times.
func BenchmarkGet(b *testing.B) {
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	must(b, err)
	b.Cleanup(func() { must(b, engine.Close()) })
	served := serveProfile(b, engine)
	names := addCustomers(b, served.conn)
	sample, err := profilev1.NewCustomerServiceClient(served.conn).GetCustomer(b.Context(), &profilev1.GetCustomerRequest{Name: names[0]})
	must(b, err)
	empty := serve(b, func(r grpc.ServiceRegistrar) {
		profilev1.RegisterCustomerServiceServer(r, echo{answer: proto.CloneOf(sample)})
	}, func(context.Context) error { return nil })

	for _, way := range []struct {
		name string
		of   func(stack) getter
	}{{"direct", direct}, {"gateway", throughGateway}} {
		for _, callers := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/callers=%d", way.name, callers), func(b *testing.B) {
				get, base := way.of(served), way.of(empty)
				getAll(b, get, names, callers) // connects
				getAll(b, base, names, callers)
				var c comparison
				for b.Loop() {
					for range getRounds {
						c.round(
							func() time.Duration { return getAll(b, get, names, callers) },
							func() time.Duration { return getAll(b, base, names, callers) })
					}
				}
				c.report(b, c.costs(), 1.5, getCalls, "calls")
			})
		}
	}
}

// addCustomers adds customers and returns their names.
func addCustomers(b *testing.B, conn grpc.ClientConnInterface) []string {
	b.Helper()
	client := profilev1.NewCustomerServiceClient(conn)
	var names []string
	for len(names) < getCustomers {
		request := &profilev1.BatchUpsertCustomersRequest{}
		for range 1000 {
			n := len(names)
			names = append(names, fmt.Sprintf("customers/C%08d", n))
			request.Customers = append(request.Customers, &profilev1.Customer{
				Name: names[n], Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL, DisplayName: "王芳",
				Gender: profilev1.Gender_GENDER_FEMALE, Region: "广东", City: "深圳",
				Identifiers: []*profilev1.Identifier{
					{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: fmt.Sprintf("c%d@example.com", n)},
					{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: fmt.Sprintf("+86138%08d", n)},
				},
				Acquisition: profilev1.Acquisition_ACQUISITION_ORGANIC,
			})
		}
		answer, err := client.BatchUpsertCustomers(b.Context(), request)
		must(b, err)
		for _, s := range answer.GetStatuses() {
			if codes.Code(s.GetCode()) != codes.OK {
				b.Fatalf("a customer was refused: %v", s)
			}
		}
	}
	return names
}

// getter gets the customer of a name.
type getter func(ctx context.Context, name string) error

func direct(s stack) getter {
	client := profilev1.NewCustomerServiceClient(s.conn)
	return func(ctx context.Context, name string) error {
		customer, err := client.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: name})
		if err == nil && customer.GetDisplayName() == "" {
			return fmt.Errorf("%s has no name", name)
		}
		return err
	}
}

func throughGateway(s stack) getter {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	return func(ctx context.Context, name string) (err error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/"+name, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, response.Body.Close()) }()
		var customer struct{ DisplayName string }
		if err := json.NewDecoder(response.Body).Decode(&customer); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK || customer.DisplayName == "" {
			return fmt.Errorf("%s: %s", name, response.Status)
		}
		return nil
	}
}

// getAll is how long a round of calls takes that so many callers share.
func getAll(b *testing.B, get getter, names []string, callers int) time.Duration {
	b.Helper()
	return timed(func() {
		group, ctx := errgroup.WithContext(b.Context())
		for caller := range callers {
			group.Go(func() error {
				for n := caller; n < getCalls; n += callers {
					if err := get(ctx, names[n*7919%len(names)]); err != nil { // all over the store
						return err
					}
				}
				return nil
			})
		}
		must(b, group.Wait())
	})
}
