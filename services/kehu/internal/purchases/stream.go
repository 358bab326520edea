package purchases

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// maxMessage is the largest message taken, in bytes: a history is never split.
const maxMessage = 64 << 20

// Stream has each customer who bought within the calibration given to yield, in
// the order of their ids, and counts those who first bought after it.
func Stream(ctx context.Context, conn grpc.ClientConnInterface, w Window, yield func(Customer) error) (later int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := profilev1.NewOrderServiceClient(conn).StreamPurchaseHistories(ctx,
		&profilev1.StreamPurchaseHistoriesRequest{}, grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return 0, err
	}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return later, nil
		}
		if err != nil {
			return later, err
		}
		for _, orders := range batch.GetHistories() {
			customer, bought, err := w.Of(orders)
			if err != nil {
				return later, err
			}
			if !bought {
				later++
				continue
			}
			if err := yield(customer); err != nil {
				return later, err
			}
		}
	}
}
