package valuation_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

func TestLoyaltyAfterARefresh(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testLoyalty(t, newDistrict(t, engine.open(t), false)) })
	}
}

func testLoyalty(t *testing.T, w *district) {
	ctx := t.Context()
	_, err := w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	wantError(t, err, codes.NotFound, "LOYALTY_POLICY_NOT_FOUND", "")
	w.policy("members")
	_, err = w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	wantError(t, err, codes.NotFound, "LOYALTY_NOT_EVALUATED", "")
	_, err = w.EvaluateLoyaltyPolicy(ctx, &valuationv1.EvaluateLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")

	taken := w.taken("2026-02-28")
	if !slices.Equal(taken.GetEvaluatedPolicies(), []string{"loyaltyPolicies/members"}) || taken.GetCustomers() != 5 || taken.GetGroups() != 10 || len(taken.GetWarnings()) != 0 {
		t.Errorf("taken %v", taken)
	}
	ann, err := w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	if err != nil {
		t.Fatal(err)
	}
	// Days 4 of 4; satisfaction 0.9; referrals: bob qualified, 1 of 2; two of three
	// orders with a known list price at it; 399 of 500 days.
	want := 100 * (2*1 + 0.9 + 0.5 + 2.0/3 + 399.0/500) / 6
	if math.Abs(ann.GetScore()-want) > 1e-6 || ann.GetTier() != "gold" || ann.GetTierNameZh() != "金" || len(ann.GetContributions()) != 5 {
		t.Errorf("ann: %v, want a score of %v", ann, want)
	}
	sum := 0.0
	for _, c := range ann.GetContributions() {
		sum += c.GetPoints()
	}
	if math.Abs(sum-want) > 1e-6 {
		t.Errorf("ann's points add up to %v", sum)
	}
	eve, err := w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/eve/loyalty", Policy: "loyaltyPolicies/members"})
	if err != nil || eve.GetTier() != "" || eve.GetContributions()[1].Value != nil || eve.GetContributions()[1].GetReason() != "NO_ANSWER" {
		t.Errorf("eve: %v, %v", eve, err)
	}
	p, err := w.GetLoyaltyPolicy(ctx, &valuationv1.GetLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil {
		t.Fatal(err)
	}
	w.wantTiers(p)
	changes := w.changes("ann")
	if len(changes) != 1 || changes[0] != "→gold FIRST_EVALUATION" {
		t.Errorf("ann's changes %q", changes)
	}

	// ann is less satisfied, and bob brings more; evaluated again by hand.
	w.neighbours.mu.Lock()
	w.neighbours.answers["ann"] = 0
	w.neighbours.mu.Unlock()
	op, err := w.EvaluateLoyaltyPolicy(ctx, &valuationv1.EvaluateLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil {
		t.Fatal(err)
	}
	evaluation := new(valuationv1.LoyaltyEvaluation)
	w.outcome(w.await(op.GetName()), evaluation)
	if evaluation.GetNumber() != 2 || evaluation.GetGeneration() != 1 || evaluation.GetCustomers() != 5 || len(evaluation.GetSources()) != 3 {
		t.Errorf("%v", evaluation)
	}
	if changes := w.changes("ann"); len(changes) != 2 || changes[0] != "gold→silver LOYALTY_FACTOR_SATISFACTION" {
		t.Errorf("ann's changes %q", changes)
	}
	w.erased(t)
}

// changes are a customer's, newest first.
func (w *district) changes(customer string) (lines []string) {
	w.Helper()
	found, err := w.ListLoyaltyTierChanges(w.Context(), &valuationv1.ListLoyaltyTierChangesRequest{Parent: "customers/" + customer + "/loyalty", Policy: "loyaltyPolicies/members"})
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range found.GetTierChanges() {
		line := c.GetFromTier() + "→" + c.GetToTier()
		if len(c.GetReasons()) > 0 {
			line += " " + strings.Join(c.GetReasons(), " ")
		} else if len(c.GetCauses()) > 0 {
			line += " " + c.GetCauses()[0].GetFactor().String()
		}
		lines = append(lines, line)
	}
	return lines
}

// wantTiers holds the tiers' counts against their lists.
func (w *district) wantTiers(p *valuationv1.LoyaltyPolicy) {
	w.Helper()
	total := int64(0)
	for _, tier := range p.GetLastEvaluation().GetTiers() {
		request := &valuationv1.ListLoyaltiesRequest{Parent: p.GetName(), Tier: tier.GetTier(), PageSize: 2}
		listed := int64(0)
		for {
			page, err := w.ListLoyalties(w.Context(), request)
			if err != nil {
				w.Fatal(err)
			}
			listed += int64(len(page.GetLoyalties()))
			if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
				if listed != tier.GetCustomers() || page.GetTotalSize() != listed {
					w.Errorf("%s: %d listed, total %d, count %d", tier.GetTier(), listed, page.GetTotalSize(), tier.GetCustomers())
				}
				break
			}
		}
		total += listed
	}
	if total != p.GetLastEvaluation().GetCustomers() {
		w.Errorf("the tiers have %d customers of %d", total, p.GetLastEvaluation().GetCustomers())
	}
}

// erased erases ann everywhere.
func (w *district) erased(t *testing.T) {
	held := w.held("ann")
	for _, section := range []string{"valuations", "loyalty", "loyalty_tier_changes", "customer_facts", "referral_copies"} {
		if len(held[section]) == 0 {
			t.Errorf("%s does not show ann: %v", section, held)
		}
	}
	w.shop.forget("ann")
	w.eraseAll("ann")
	if held := w.held("ann"); len(held) != 0 {
		t.Errorf("held after the erasure: %v", held)
	}
	p, err := w.GetLoyaltyPolicy(t.Context(), &valuationv1.GetLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil || p.GetLastEvaluation().GetCustomers() != 4 {
		t.Errorf("%v, %v", p, err)
	}
	w.wantTiers(p)
	_, err = w.GetLoyalty(t.Context(), &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	wantError(t, err, codes.NotFound, "LOYALTY_NOT_FOUND", "")
}

func TestLoyaltyPolicies(t *testing.T) {
	w := newDistrict(t, openPebble(t), true)
	ctx := t.Context()
	made := w.policy("members")
	if again := w.policy("members"); again.GetEtag() != made.GetEtag() || again.GetTiers()[0].GetTier() != "silver" || again.GetMinKnownComponents() != 1 {
		t.Errorf("made again: %v", again)
	}
	_, err := w.CreateLoyaltyPolicy(ctx, &valuationv1.CreateLoyaltyPolicyRequest{LoyaltyPolicy: members(), LoyaltyPolicyId: "members"})
	wantError(t, err, codes.AlreadyExists, "LOYALTY_POLICY_EXISTS", "")
	other := members()
	other.Automatic = false
	_, err = w.CreateLoyaltyPolicy(ctx, &valuationv1.CreateLoyaltyPolicyRequest{LoyaltyPolicy: other, LoyaltyPolicyId: "members", RequestId: "made members"})
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
	wrong := members()
	wrong.Components[1].Saturation = 0.5
	wrong.Components[1].Floor = 0.6
	_, err = w.CreateLoyaltyPolicy(ctx, &valuationv1.CreateLoyaltyPolicyRequest{LoyaltyPolicy: wrong, LoyaltyPolicyId: "other", ValidateOnly: true})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "loyalty_policy.components[1].saturation")

	change := func(mask ...string) (*valuationv1.LoyaltyPolicy, error) {
		return w.UpdateLoyaltyPolicy(ctx, &valuationv1.UpdateLoyaltyPolicyRequest{
			LoyaltyPolicy: &valuationv1.LoyaltyPolicy{Name: made.GetName(), Etag: made.GetEtag(), MinKnownComponents: 3, DisplayName: "Club"},
			UpdateMask:    &fieldmaskpb.FieldMask{Paths: mask},
		})
	}
	changed, err := change("min_known_components", "automatic")
	if err != nil || changed.GetMinKnownComponents() != 3 || changed.GetAutomatic() || changed.GetDisplayName() != "Members" {
		t.Errorf("changed %v, %v", changed, err)
	}
	_, err = change("display_name")
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	_, err = change("etag")
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "update_mask")
	w.policy("second")
	_, err = w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	wantError(t, err, codes.InvalidArgument, "LOYALTY_POLICY_AMBIGUOUS", "policy")
	_, err = w.DeleteLoyaltyPolicy(ctx, &valuationv1.DeleteLoyaltyPolicyRequest{Name: made.GetName(), Etag: made.GetEtag()})
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	if _, err = w.DeleteLoyaltyPolicy(ctx, &valuationv1.DeleteLoyaltyPolicyRequest{Name: made.GetName(), Etag: changed.GetEtag()}); err != nil {
		t.Error(err)
	}
	listed, err := w.ListLoyaltyPolicies(ctx, &valuationv1.ListLoyaltyPoliciesRequest{})
	if err != nil || len(listed.GetLoyaltyPolicies()) != 1 || listed.GetLoyaltyPolicies()[0].GetName() != "loyaltyPolicies/second" {
		t.Errorf("%v, %v", listed, err)
	}
	_, err = w.ListLoyalties(ctx, &valuationv1.ListLoyaltiesRequest{Parent: "loyaltyPolicies/second", OrderBy: "name"})
	wantError(t, err, codes.InvalidArgument, "FIELD_NOT_SORTABLE", "order_by")
	for _, name := range []string{"", "customers/a/b/loyalty", "customers//loyalty", "ann"} {
		if _, err := w.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: name}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%q: %v", name, err)
		}
	}
}
