package referral_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// advocates streams whom each advocate has brought, a line for each.
func (s *suite) advocates(t *testing.T, r *referralv1.StreamAdvocatesRequest) (lines []string, err error) {
	t.Helper()
	stream, err := s.brought.StreamAdvocates(t.Context(), r)
	if err != nil {
		return nil, err
	}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		for _, a := range batch.GetAdvocates() {
			line := fmt.Sprintf("%s %d:", a.GetCustomerId(), a.GetInvitations())
			for _, b := range a.GetReferees() {
				line += " " + b.GetCustomerId()
				if b.GetQualifyTime() != nil {
					line += "+"
				}
			}
			lines = append(lines, line)
		}
	}
}

func TestAdvocatesAndWhomTheyBrought(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		bring := func(c *code, customer string, qualify bool) *referred {
			t.Helper()
			s.advance(time.Minute)
			r := must[*referred](t)(s.open(ctx, bare(c)))
			r = must[*referred](t)(s.signUp(ctx, r, customer))
			if qualify {
				s.profile.record("customers/"+customer+"/orders/o", s.now(), paid)
				r = must[*referred](t)(s.convert(ctx, r, "o"))
			}
			return r
		}
		ann, space := s.codeOf(t, &code{AdvocateId: "ann"}), s.codeOf(t, &code{AdvocateId: "a b"})
		bring(ann, "bob", true)
		bring(ann, "cat", false)
		refunded := bring(space, "客户", true)
		before := s.now().Add(time.Second)
		s.advance(time.Hour)
		must[*referred](t)(s.ReverseConversion(ctx, &referralv1.ReverseConversionRequest{Name: refunded.Name, Reason: "refunded"}))
		zoe := s.codeOf(t, &code{AdvocateId: "zoe"})
		must[*referred](t)(s.open(ctx, bare(zoe)))

		for _, c := range []struct {
			name string
			ask  *referralv1.StreamAdvocatesRequest
			want []string
		}{
			{"all", &referralv1.StreamAdvocatesRequest{}, []string{"a b 1: 客户", "ann 2: bob+ cat", "zoe 1:"}},
			{"before the refund", &referralv1.StreamAdvocatesRequest{Before: timestamppb.New(before)}, []string{"a b 1: 客户+", "ann 2: bob+ cat"}},
			{"behind the first", &referralv1.StreamAdvocatesRequest{AfterCustomerId: "a b"}, []string{"ann 2: bob+ cat", "zoe 1:"}},
			{"in between", &referralv1.StreamAdvocatesRequest{AfterCustomerId: "a b", ToCustomerId: "zoe"}, []string{"ann 2: bob+ cat"}},
			{"before all", &referralv1.StreamAdvocatesRequest{Before: timestamppb.New(epoch.Add(-time.Hour))}, nil},
		} {
			got, err := s.advocates(t, c.ask)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
			}
		}
		_, err := s.advocates(t, &referralv1.StreamAdvocatesRequest{AfterCustomerId: "b", ToCustomerId: "a"})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "to_customer_id")
		_, err = s.advocates(t, &referralv1.StreamAdvocatesRequest{Before: &timestamppb.Timestamp{Seconds: 1 << 60}})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "before")
		_, err = s.advocates(t, &referralv1.StreamAdvocatesRequest{AfterCustomerId: strings.Repeat("x", 600)})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "after_customer_id")
	})
}
