package peers

import (
	"context"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"

	"github.com/kehuhq/kehu/services/valuation/internal/facts"
)

// Conns are the connections to the services; those that are nil are no part of
// the installation.
type Conns struct {
	Profile, Referral, Feedback grpc.ClientConnInterface
}

// Sources are where the facts of each kind come from.
func Sources(c Conns, patience time.Duration) []facts.Source {
	all := []facts.Source{
		{Kind: facts.Satisfaction, Peer: "feedback"},
		{Kind: facts.Referrals, Peer: "referral"},
		{Kind: facts.Prices, Peer: "profile"},
	}
	if c.Feedback != nil {
		all[0].Read = satisfaction(feedbackv1.NewSatisfactionServiceClient(c.Feedback), patience)
	}
	if c.Referral != nil {
		all[1].Read = referrals(referralv1.NewAdvocateServiceClient(c.Referral), patience)
	}
	if c.Profile != nil {
		all[2].Read = prices(profilev1.NewOrderServiceClient(c.Profile), patience)
	}
	return all
}

type reading = func(ctx context.Context, after string, before time.Time) iter.Seq2[facts.Batch, error]

// batches converts messages.
func batches[M any](messages iter.Seq2[*M, error], convert func(*M) facts.Batch) iter.Seq2[facts.Batch, error] {
	return func(yield func(facts.Batch, error) bool) {
		for m, err := range messages {
			var b facts.Batch
			if err == nil {
				b = convert(m)
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

func satisfaction(client feedbackv1.SatisfactionServiceClient, patience time.Duration) reading {
	return func(ctx context.Context, after string, before time.Time) iter.Seq2[facts.Batch, error] {
		return batches(received(ctx, "feedback", patience, func(ctx context.Context) (grpc.ServerStreamingClient[feedbackv1.StreamSatisfactionResponse], error) {
			return client.StreamSatisfaction(ctx, &feedbackv1.StreamSatisfactionRequest{AfterCustomerId: after, Before: timestamppb.New(before)})
		}), answers)
	}
}

// answers makes one fact of a customer: of surveys of several kinds the latest
// answer counts.
func answers(m *feedbackv1.StreamSatisfactionResponse) facts.Batch {
	var b facts.Batch
	for _, c := range m.GetCustomers() {
		f := facts.Fact{
			Customer: c.GetCustomerId(), Value: c.GetSatisfaction(), Count: c.GetResponses(),
			AtMS: c.GetLastResponseTime().AsTime().UnixMilli(),
		}
		b.After = f.Customer
		if last := len(b.Facts) - 1; last >= 0 && b.Facts[last].Customer == f.Customer {
			f.Count += b.Facts[last].Count
			if b.Facts[last].AtMS > f.AtMS {
				f.Value, f.AtMS = b.Facts[last].Value, b.Facts[last].AtMS
			}
			b.Facts[last] = f
			continue
		}
		b.Facts = append(b.Facts, f)
	}
	return b
}

func referrals(client referralv1.AdvocateServiceClient, patience time.Duration) reading {
	return func(ctx context.Context, after string, before time.Time) iter.Seq2[facts.Batch, error] {
		return batches(received(ctx, "referral", patience, func(ctx context.Context) (grpc.ServerStreamingClient[referralv1.StreamAdvocatesResponse], error) {
			return client.StreamAdvocates(ctx, &referralv1.StreamAdvocatesRequest{AfterCustomerId: after, Before: timestamppb.New(before)}, grpc.MaxCallRecvMsgSize(maxMessage))
		}), edges)
	}
}

func edges(m *referralv1.StreamAdvocatesResponse) facts.Batch {
	var b facts.Batch
	for _, a := range m.GetAdvocates() {
		b.After = a.GetCustomerId()
		for _, r := range a.GetReferees() {
			e := facts.Edge{Advocate: a.GetCustomerId(), Referee: r.GetCustomerId(), SignUpMS: r.GetSignUpTime().AsTime().UnixMilli()}
			if r.GetQualifyTime() != nil {
				e.QualifyMS = r.GetQualifyTime().AsTime().UnixMilli()
			}
			b.Edges = append(b.Edges, e)
		}
	}
	return b
}

// purpose is what histories are read for: see package profile.
const purpose = "purposes/segmentation"

func prices(client profilev1.OrderServiceClient, patience time.Duration) reading {
	return func(ctx context.Context, after string, before time.Time) iter.Seq2[facts.Batch, error] {
		return batches(received(ctx, "profile", patience, func(ctx context.Context) (grpc.ServerStreamingClient[profilev1.StreamPurchaseHistoriesResponse], error) {
			from := after
			if from != "" {
				from += `"` // the lowest character in the order of ids
			}
			return client.StreamPurchaseHistories(ctx, &profilev1.StreamPurchaseHistoriesRequest{
				Range: &apiv1.CustomerRange{From: from}, Before: timestamppb.New(before), Purpose: purpose,
			}, grpc.MaxCallRecvMsgSize(maxMessage))
		}), fullPrices)
	}
}

// fullPrices counts the orders of which the list price is known, and those of them
// on which nothing was off. Customers without any have no fact.
func fullPrices(m *profilev1.StreamPurchaseHistoriesResponse) facts.Batch {
	var b facts.Batch
	for _, h := range m.GetHistories() {
		b.After = h.GetCustomerId()
		var known, full int64
		for _, off := range h.GetDiscountMinor() {
			if off >= 0 {
				known++
			}
			if off == 0 {
				full++
			}
		}
		if known > 0 {
			b.Facts = append(b.Facts, facts.Fact{Customer: h.GetCustomerId(), Value: float64(full) / float64(known), Count: known})
		}
	}
	return b
}
