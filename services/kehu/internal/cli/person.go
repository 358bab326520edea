package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/call"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/rights"
)

// personFlags are those of every subcommand of person.
type personFlags struct {
	spokenFlags
	format, out, basis, orders string
	dryRun                     bool
}

func newPerson() *cobra.Command {
	f := &personFlags{}
	cmd := &cobra.Command{
		Use:   "person",
		Short: "Give a person a copy of their data, or erase them",
		Long: `Does what a person may ask for: a copy of all that every service holds about them,
and its erasure. An erasure cannot be undone; its receipt says what became of
which records, and can be checked at any time.`,
	}
	copied := f.command("export CUSTOMER", "Write all that is held about a person to a file", exactly(1), f.export)
	copied.Flags().StringVar(&f.format, "format", "html", "html, to read or print, or json")
	copied.Flags().StringVar(&f.out, "out", "", "write to this file (default: standard output)")
	erase := f.command("erase CUSTOMER", "Erase a person in every service", exactly(1), f.erase)
	erase.Flags().StringVar(&f.basis, "basis", "", "why, for the receipt, e.g. \"request of 2026-11-03, ticket 4711\"")
	erase.Flags().StringVar(&f.orders, "orders", "pseudonymise", "what becomes of the orders: pseudonymise (they stay without a buyer) or delete")
	erase.Flags().BoolVar(&f.dryRun, "dry-run", false, "only say what would be erased")
	cmd.AddCommand(copied, erase, f.command("verify RECEIPT CUSTOMER", "Check a receipt, and that nothing is held about the customer", exactly(2), f.verify))
	return cmd
}

var personFormats = map[string]profilev1.PersonalDataFormat{
	"html": profilev1.PersonalDataFormat_PERSONAL_DATA_FORMAT_HTML,
	"json": profilev1.PersonalDataFormat_PERSONAL_DATA_FORMAT_JSON,
}

func (f *personFlags) export(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	if err := oneOf("format", f.format, "html", "json"); err != nil {
		return err
	}
	client := profilev1.NewRightsServiceClient(conn)
	op, err := client.ExportCustomer(ctx, &profilev1.ExportCustomerRequest{Name: named("customers/", args[0])})
	if err != nil {
		return err
	}
	made, err := call.Follow(ctx, conn, op, reporter())
	if err != nil {
		return err
	}
	export, ok := made.(*profilev1.PersonalDataExport)
	if !ok {
		return fmt.Errorf("the server answered with a %T", made)
	}
	request := &profilev1.DownloadPersonalDataExportRequest{Name: export.GetName(), Format: personFormats[f.format]}
	write := func(w io.Writer) error { return downloadCopy(ctx, client, request, w) }
	if f.out == "" {
		return write(os.Stdout)
	}
	if err := create(f.out, write); err != nil {
		return err
	}
	p := &layout.Page{Width: width()}
	rights.WriteHeld(p, f.lang, export.GetSections())
	fmt.Print(p)
	return nil
}

func downloadCopy(ctx context.Context, from profilev1.RightsServiceClient, r *profilev1.DownloadPersonalDataExportRequest, to io.Writer) error {
	stream, err := from.DownloadPersonalDataExport(ctx, r)
	if err != nil {
		return err
	}
	return receive(stream, to, func(int64) {})
}

func (f *personFlags) erase(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	orders := map[string]profilev1.ErasedOrders{
		"pseudonymise": profilev1.ErasedOrders_ERASED_ORDERS_PSEUDONYMISE,
		"delete":       profilev1.ErasedOrders_ERASED_ORDERS_DELETE,
	}
	if err := oneOf("orders", f.orders, "pseudonymise", "delete"); err != nil {
		return err
	}
	if f.basis == "" && f.dryRun {
		f.basis = "trial"
	}
	if f.basis == "" {
		return usageError{errors.New("--basis must say why: it stands on the receipt")}
	}
	op, err := profilev1.NewRightsServiceClient(conn).EraseCustomer(ctx, &profilev1.EraseCustomerRequest{
		Name: named("customers/", args[0]), Basis: f.basis, Orders: orders[f.orders], ValidateOnly: f.dryRun,
	})
	if err != nil {
		return err
	}
	made, err := call.Follow(ctx, conn, op, reporter())
	if err != nil {
		return err
	}
	receipt, ok := made.(*profilev1.ErasureReceipt)
	if !ok {
		return fmt.Errorf("the server answered with a %T", made)
	}
	p := &layout.Page{Width: width()}
	rights.WriteReceipt(p, f.lang, receipt)
	fmt.Print(p)
	return nil
}

// errReceiptFalse is the error for a receipt that proves nothing.
var errReceiptFalse = errors.New("the receipt does not prove that this customer was erased")

func (f *personFlags) verify(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	answer, err := profilev1.NewRightsServiceClient(conn).VerifyErasureReceipt(ctx, &profilev1.VerifyErasureReceiptRequest{
		Name: named("erasureReceipts/", args[0]), Customer: named("customers/", args[1]),
	})
	if err != nil {
		return err
	}
	p := &layout.Page{Width: width()}
	rights.WriteVerified(p, f.lang, answer)
	fmt.Print(p)
	if !answer.GetAuthentic() || !answer.GetOfCustomer() {
		return errReceiptFalse
	}
	return nil
}
