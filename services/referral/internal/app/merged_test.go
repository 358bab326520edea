package app_test

import (
	"slices"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Records that profile has merged are one customer here: ann and her twins.
func TestMergedRecordsAreOneCustomer(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		ctx, w := t.Context(), s.start(t, e)
		code := w.launch(t, nil, func(c *domain.Code) { c.Advocate = "twin-1" })
		own, err := w.CreateCode(ctx, &domain.Code{Program: program, Advocate: "ann", Request: request("own")})
		must(t, err)

		for _, points := range []struct {
			id     string
			to     domain.AccountID
			points int64
		}{{"a", ann, 10}, {"b", "customer:twin-2", 5}, {"c", bob, 1}} {
			_, err := w.ledger.Post(ctx, transfer(points.id, issuer, points.to, points.points))
			must(t, err)
		}
		for _, id := range []domain.AccountID{ann, "customer:twin-1", "customer:twin-2"} {
			sum, parts, err := w.ledger.Holdings(ctx, id)
			must(t, err)
			if sum.ID != ann || sum.Balance != 15 || sum.Entries != 2 || !slices.Equal(parts, []domain.AccountID{ann, "customer:twin-2"}) {
				t.Errorf("%s: %+v of %v", id, sum, parts)
			}
		}
		if alone, parts, err := w.ledger.Holdings(ctx, bob); err != nil || alone.Balance != 1 || parts != nil {
			t.Errorf("bob: %+v of %v, %v", alone, parts, err)
		}
		if _, _, err := w.ledger.Holdings(ctx, "customer:carl"); fault.ReasonOf(err) != "ACCOUNT_NOT_FOUND" {
			t.Errorf("carl: %v", err)
		}
		w.wantBalanced(t)

		for _, advocate := range []string{"ann", "twin-2"} {
			var listed []string
			var after *docstore.Position
			for first := true; first || after != nil; first = false {
				var page []*domain.Code
				page, after, err = w.Codes(ctx, program, advocate, after, 1)
				must(t, err)
				for _, c := range page {
					listed = append(listed, c.Code)
				}
			}
			if !slices.Equal(listed, []string{own.Code, code.Code}) {
				t.Errorf("codes of %s: %q, want %q and %q", advocate, listed, own.Code, code.Code)
			}
		}

		// Nobody refers oneself, or is brought twice, by having two records.
		r, err := w.CreateReferral(ctx, program, code.Code, request("self"))
		must(t, err)
		if _, err := w.RecordSignUp(ctx, program, r.ID, "ann"); fault.ReasonOf(err) != "SELF_REFERRAL" {
			t.Errorf("ann by her twin: %v", err)
		}
		bobs, err := w.CreateCode(ctx, &domain.Code{Program: program, Advocate: "bob", Request: request("bob")})
		must(t, err)
		first := w.refer(t, bobs, "twin-1")
		again, err := w.CreateReferral(ctx, program, bobs.Code, request("again"))
		must(t, err)
		if _, err := w.RecordSignUp(ctx, program, again.ID, "ann"); fault.ReasonOf(err) != "REFEREE_TAKEN" {
			t.Errorf("ann after her twin: %v", err)
		}
		// An order under another record is the customer's.
		s.profile.paid("twin-2", "elsewhere", s.now())
		done, err := w.RecordConversion(ctx, program, first.ID, "elsewhere")
		if err != nil || done.State != domain.Rewarded {
			t.Errorf("converted by an order of the twin's: %+v, %v", done, err)
		}
	})
}
