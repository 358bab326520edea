package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/call"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

func newLoyalty() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "loyalty",
		Short: "Show how loyal customers are, by policies of your own",
		Long:  "Shows how loyal customers are. To make and change policies: kehu valuation --help, under loyalty.",
	}
	cmd.AddCommand(newLoyaltyPolicies(), newLoyaltyEvaluate(), newLoyaltyShow(), newLoyaltyList())
	return cmd
}

func newLoyaltyPolicies() *cobra.Command {
	var f figuresFlags
	cmd := &cobra.Command{Use: "policies", Short: "Show the policies, and how many customers are in each tier"}
	f.add(cmd, func(ctx context.Context, conn grpc.ClientConnInterface) (*findings.Finding, error) {
		found, err := valuationv1.NewLoyaltyServiceClient(conn).ListLoyaltyPolicies(ctx, &valuationv1.ListLoyaltyPoliciesRequest{PageSize: 1000})
		return findings.LoyaltyPolicies(found), err
	})
	return cmd
}

func newLoyaltyEvaluate() *cobra.Command {
	var f figuresFlags
	cmd := &cobra.Command{
		Use: "evaluate POLICY", Short: "Judge all customers of the last refresh by a policy", Example: "  kehu loyalty evaluate members",
	}
	f.addFor(cmd, 1, func(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
		op, err := valuationv1.NewLoyaltyServiceClient(conn).EvaluateLoyaltyPolicy(ctx, &valuationv1.EvaluateLoyaltyPolicyRequest{Name: named("loyaltyPolicies/", args[0])})
		if err != nil {
			return nil, err
		}
		done, err := call.Follow(ctx, conn, op, reporter())
		if err != nil {
			return nil, err
		}
		evaluation, ok := done.(*valuationv1.LoyaltyEvaluation)
		if !ok {
			return nil, fmt.Errorf("the operation %s came to something else than an evaluation", op.GetName())
		}
		return findings.LoyaltyEvaluation(evaluation), nil
	})
	return cmd
}

// policyNamed is empty where none is given.
func policyNamed(given string) string {
	if given == "" {
		return ""
	}
	return named("loyaltyPolicies/", given)
}

func newLoyaltyShow() *cobra.Command {
	var f struct {
		figuresFlags
		policy  string
		changes int32
	}
	cmd := &cobra.Command{
		Use: "show CUSTOMER", Short: "Show how loyal a customer is, why, and how that has changed",
		Example: "  kehu loyalty show c-1001 --policy members",
	}
	f.addFor(cmd, 1, func(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
		client := valuationv1.NewLoyaltyServiceClient(conn)
		name := named("customers/", args[0]) + "/loyalty"
		found, err := client.GetLoyalty(ctx, &valuationv1.GetLoyaltyRequest{Name: name, Policy: policyNamed(f.policy)})
		if err != nil {
			return nil, err
		}
		if f.changes <= 0 {
			return findings.Loyalty(found, nil), nil
		}
		changes, err := client.ListLoyaltyTierChanges(ctx, &valuationv1.ListLoyaltyTierChangesRequest{Parent: name, Policy: found.GetPolicy(), PageSize: f.changes})
		return findings.Loyalty(found, changes.GetTierChanges()), err
	})
	cmd.Flags().StringVar(&f.policy, "policy", "", "the policy; may be left out where there is only one")
	cmd.Flags().Int32Var(&f.changes, "changes", 10, "how many changes of the tier to show")
	return cmd
}

func newLoyaltyList() *cobra.Command {
	var f struct {
		figuresFlags
		tier string
		top  int32
	}
	cmd := &cobra.Command{
		Use: "list POLICY", Short: "List the most loyal customers, or those of one tier",
		Example: "  kehu loyalty list members --tier gold",
	}
	f.addFor(cmd, 1, func(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
		if f.top < 1 || f.top > 1000 {
			return nil, usageError{fmt.Errorf("--top must be from 1 to 1000, is %d", f.top)}
		}
		policy := named("loyaltyPolicies/", args[0])
		found, err := valuationv1.NewLoyaltyServiceClient(conn).ListLoyalties(ctx, &valuationv1.ListLoyaltiesRequest{Parent: policy, Tier: f.tier, PageSize: f.top})
		return findings.Loyalties(found, strings.TrimPrefix(policy, "loyaltyPolicies/"), f.tier), err
	})
	cmd.Flags().StringVar(&f.tier, "tier", "", `only customers of this tier; "none" for those of no tier`)
	cmd.Flags().Int32Var(&f.top, "top", 20, "how many customers to show")
	return cmd
}
