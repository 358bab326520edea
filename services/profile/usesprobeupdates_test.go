package profile_test

import (
	"errors"
	"io"
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

func historiesOfSome(r *reader, customer string) finding {
	answer, err := r.updates().BatchGetPurchaseHistories(r.Context(), &profilev1.BatchGetPurchaseHistoriesRequest{
		CustomerIds: []string{strings.TrimPrefix(customer, "customers/")}, Purpose: forSegmentation,
	})
	must(r, err)
	return finding{len(answer.GetHistories()) > 0, answer.GetExcludedWithoutConsent()}
}

func behaviorsOfSome(r *reader, customer string) finding {
	answer, err := r.updates().BatchGetBehaviors(r.Context(), &profilev1.BatchGetBehaviorsRequest{
		CustomerIds: []string{strings.TrimPrefix(customer, "customers/")}, Purpose: forSegmentation,
	})
	must(r, err)
	return finding{len(answer.GetBehaviors()) > 0, answer.GetExcludedWithoutConsent()}
}

func behaviorsOfAll(r *reader, customer string) finding {
	stream, err := r.updates().StreamBehaviors(r.Context(), &profilev1.StreamBehaviorsRequest{Purpose: forSegmentation})
	must(r, err)
	var f finding
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return f
		}
		must(r, err)
		for _, b := range batch.GetBehaviors() {
			f.seen = f.seen || "customers/"+b.GetCustomerId() == customer
		}
		f.excluded += batch.GetExcludedWithoutConsent()
	}
}

func (r *reader) updates() profilev1.CustomerUpdateServiceClient {
	return profilev1.NewCustomerUpdateServiceClient(r.conn)
}
