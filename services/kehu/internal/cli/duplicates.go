package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/pairs"
)

// duplicatesFlags are those of every subcommand of duplicates.
type duplicatesFlags struct {
	spokenFlags
	state, survivor string
	minScore        float64
	limit           int
}

func newDuplicates() *cobra.Command {
	f := &duplicatesFlags{}
	cmd := &cobra.Command{
		Use:   "duplicates",
		Short: "Find customers that are recorded twice, and decide on them",
		Long: `Compares the customers of a running server and proposes pairs that may be one
customer, with the reasons. A person decides: accept merges the two (which can
be undone), dismiss has them left alone from then on.`,
	}
	find := f.command("find", "Compare all customers", exactly(0), f.find)
	check := f.command("check CUSTOMER", "Compare one customer with the others", exactly(1), f.check)
	for _, c := range []*cobra.Command{find, check} {
		c.Flags().Float64Var(&f.minScore, "min-score", 0, "lowest score to propose, 0.5 to 1; 0 is the server's default")
	}
	list := f.command("list", "List pairs with the reasons, the likeliest first", exactly(0), f.list)
	list.Flags().StringVar(&f.state, "state", "open", "open, accepted or dismissed")
	list.Flags().IntVar(&f.limit, "limit", 20, "most pairs to list")
	accept := f.command("accept PAIR", "Merge the two customers of a pair", exactly(1), f.accept)
	accept.Flags().StringVar(&f.survivor, "survivor", "", "the customer by whose id both go on (default: recorded first)")
	cmd.AddCommand(find, check, list, accept,
		f.command("dismiss PAIR", "Leave the two customers of a pair alone", exactly(1), f.dismiss))
	return cmd
}

func (f *duplicatesFlags) find(ctx context.Context, conn grpc.ClientConnInterface, _ []string) error {
	found, err := pairs.Find(ctx, conn, f.minScore, reporter())
	if err != nil {
		return err
	}
	p := &layout.Page{Width: width()}
	pairs.WriteFound(p, f.lang, found)
	fmt.Print(p)
	return nil
}

func (f *duplicatesFlags) check(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	answer, err := profilev1.NewDuplicateServiceClient(conn).FindDuplicates(ctx, &profilev1.FindDuplicatesRequest{
		Name: named("customers/", args[0]), MinScore: f.minScore,
	})
	if err != nil {
		return err
	}
	return f.print(ctx, conn, answer.GetCandidates())
}

func (f *duplicatesFlags) list(ctx context.Context, conn grpc.ClientConnInterface, _ []string) error {
	states := map[string]profilev1.DuplicateState{
		"open":      profilev1.DuplicateState_DUPLICATE_STATE_OPEN,
		"accepted":  profilev1.DuplicateState_DUPLICATE_STATE_ACCEPTED,
		"dismissed": profilev1.DuplicateState_DUPLICATE_STATE_DISMISSED,
	}
	if err := oneOf("state", f.state, "open", "accepted", "dismissed"); err != nil {
		return err
	}
	all, err := pairs.List(ctx, conn, states[f.state], f.limit)
	if err != nil {
		return err
	}
	return f.print(ctx, conn, all)
}

func (f *duplicatesFlags) print(ctx context.Context, conn grpc.ClientConnInterface, all []*profilev1.DuplicateCandidate) error {
	p := &layout.Page{Width: width()}
	if err := pairs.Write(ctx, conn, p, f.lang, all); err != nil {
		return err
	}
	fmt.Print(p)
	return nil
}

func (f *duplicatesFlags) accept(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	request := &profilev1.AcceptDuplicateCandidateRequest{Name: named("duplicateCandidates/", args[0])}
	if f.survivor != "" {
		request.Survivor = named("customers/", f.survivor)
	}
	c, err := profilev1.NewDuplicateServiceClient(conn).AcceptDuplicateCandidate(ctx, request)
	if err == nil {
		fmt.Printf("%s and %s are one customer now (%s)\n", c.GetCustomers()[0], c.GetCustomers()[1], c.GetMergeRecord())
	}
	return err
}

func (f *duplicatesFlags) dismiss(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	c, err := profilev1.NewDuplicateServiceClient(conn).DismissDuplicateCandidate(ctx, &profilev1.DismissDuplicateCandidateRequest{
		Name: named("duplicateCandidates/", args[0]),
	})
	if err == nil {
		fmt.Printf("%s and %s stay two customers\n", c.GetCustomers()[0], c.GetCustomers()[1])
	}
	return err
}

// named is the resource name of what may be given by its id alone.
func named(collection, given string) string {
	if strings.HasPrefix(given, collection) {
		return given
	}
	return collection + given
}
