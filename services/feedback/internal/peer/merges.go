package peer

import (
	"context"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/alias"
)

// Merges fetches from profile which records were merged or unmerged.
func Merges(conn grpc.ClientConnInterface) alias.Fetch {
	client := profilev1.NewMergingServiceClient(conn)
	return func(ctx context.Context, cursor string) (alias.Changes, error) {
		told, err := client.ListMergeLinkChanges(ctx, &profilev1.ListMergeLinkChangesRequest{Cursor: cursor, PageSize: 1000})
		if err != nil {
			return alias.Changes{}, err
		}
		changes := alias.Changes{Next: told.GetNextCursor(), More: told.GetMore()}
		for _, l := range told.GetLinks() {
			changes.Links = append(changes.Links, alias.Link{
				ID: l.GetCustomerId(), Into: l.GetIntoId(), Merge: l.GetMergeRecord(), Linked: l.GetLinked(),
			})
		}
		return changes, nil
	}
}
