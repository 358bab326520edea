package peer

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/alias"
)

// Profile is the service that knows the customers.
type Profile struct {
	customers profilev1.CustomerServiceClient
	merges    *alias.Book
}

// NewProfile asks profile over a connection.
func NewProfile(conn grpc.ClientConnInterface, log *slog.Logger) *Profile {
	return &Profile{profilev1.NewCustomerServiceClient(conn), alias.New(Merges(conn), log)}
}

// Merged is, of each record that has been merged into another, the customer it
// belongs to. While profile cannot be reached it is what was known last.
func (p *Profile) Merged(ctx context.Context) map[string]string { return p.merges.View(ctx) }

// Forget forgets which of some ids, of people who have been erased, were merged.
func (p *Profile) Forget(ids []string) { p.merges.Forget(ids...) }

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
		for _, id := range batch {
			known[id] = true // by whatever name the customer goes
		}
		for _, name := range found.GetMissing() {
			delete(known, strings.TrimPrefix(name, prefix))
		}
	}
	return known, nil
}
