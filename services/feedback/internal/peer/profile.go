package peer

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// Profile is the service that knows the customers.
type Profile struct {
	customers profilev1.CustomerServiceClient
}

// NewProfile asks profile over a connection.
func NewProfile(conn grpc.ClientConnInterface) *Profile {
	return &Profile{profilev1.NewCustomerServiceClient(conn)}
}

// Known returns those of the distinct ids that are customers. The error is a
// fault PEER_UNAVAILABLE that names profile while it cannot be reached.
func (p *Profile) Known(ctx context.Context, ids []string) (map[string]bool, error) {
	const prefix = "customers/"
	known := make(map[string]bool, len(ids))
	for batch := range slices.Chunk(ids, maxBatch) {
		names := make([]string, len(batch))
		for i, id := range batch {
			names[i] = prefix + id
		}
		found, err := p.customers.BatchGetCustomers(ctx, &profilev1.BatchGetCustomersRequest{Names: names},
			grpc.MaxCallRecvMsgSize(maxAnswer))
		if err != nil {
			return nil, failure("profile", err)
		}
		for _, c := range found.GetCustomers() {
			known[strings.TrimPrefix(c.GetName(), prefix)] = true
		}
	}
	return known, nil
}
