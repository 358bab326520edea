package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

type importFlags struct {
	file                     fileFlags
	server, rejected, format string
	dryRun                   bool
}

func newImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Import a file of customers, orders, events, consents, identities or exchange rates into a running server",
		Long: `Sends a file to a running server. What was acknowledged is durable: the same
command again goes on where an import broke off, and adds nothing twice.`,
	}
	cmd.AddCommand(
		newImportOf("customers", "customer_id, display_name, kind, gender, birth_date, region, city, email, phone, external_id, acquisition",
			profilev1.ImportKind_IMPORT_KIND_CUSTOMERS),
		newImportOf("orders", "order_id, customer_id, order_time, amount, currency, discount, cost, channel, payment_method, status, sku, quantity, category",
			profilev1.ImportKind_IMPORT_KIND_ORDERS),
		newImportOf("events", "message_id, event, timestamp, customer_id, anonymous_id, type, source; any other column is a property. Segment's names (messageId, userId …) are known too",
			profilev1.ImportKind_IMPORT_KIND_EVENTS),
		newImportOf("consents", "customer_id, purpose, state, decided_at, expires_at, evidence_source, evidence_document, evidence_text_version, evidence_note",
			profilev1.ImportKind_IMPORT_KIND_CONSENTS),
		newImportOf("identities", "customer_id, type, value, platform, shop, namespace",
			profilev1.ImportKind_IMPORT_KIND_IDENTITIES),
		newImportRates(),
	)
	return cmd
}

func newImportOf(what, columns string, kind profilev1.ImportKind) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   what + " FILE",
		Short: "Import " + what + " from a CSV file, JSON lines or a workbook (.xlsx)",
		Long:  "Kehu's own names for columns: " + columns + ".",
		Args:  exactly(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args[0]) },
	}
	f.file.add(cmd, kind)
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", defaultGRPC, "gRPC address of the server or of profile")
	flags.BoolVar(&f.dryRun, "dry-run", false, "check every row and write none")
	flags.StringVar(&f.rejected, "rejected", "", "write the refused rows to this CSV file")
	flags.StringVar(&f.format, "format", "text", "text or json")
	return cmd
}

func (f *importFlags) run(ctx context.Context, path string) (err error) {
	if err := errors.Join(oneOf("format", f.format, "text", "json"), f.file.check()); err != nil {
		return err
	}
	file, err := f.file.open(path, reporter())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.close()) }()
	conn, err := rpc.Dial(f.server, rpc.DefaultClientConfig("server"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	reading, err := f.file.understand(ctx, conn, file, terminal())
	if err != nil {
		return err
	}
	settings := file.settings(reading)
	settings.Kind, settings.DryRun, settings.Progress = f.file.kind, f.dryRun, reporter()
	done, err := upload.Send(ctx, conn, file.path, settings)
	if err != nil {
		return err
	}
	if f.rejected != "" && listed(done) {
		if err := saveRejected(ctx, conn, done.GetName(), f.rejected); err != nil {
			return fmt.Errorf("rejected rows: %w", err)
		}
	}
	if err := f.print(os.Stdout, done); err != nil {
		return err
	}
	if done.GetState() == profilev1.ImportState_IMPORT_STATE_FAILED {
		return &analysis.FileError{Reason: done.GetError().GetReason(), Message: done.GetError().GetMessage()}
	}
	return nil
}

func (f *importFlags) print(w io.Writer, done *profilev1.Import) error {
	if f.format == "json" {
		result := importResult{
			Import: done.GetName(), Rows: done.GetRows(), Created: done.GetCreated(), Updated: done.GetUpdated(),
			Unchanged: done.GetUnchanged(), Rejected: done.GetRejected(), Skipped: done.GetSkipped(), DryRun: done.GetDryRun(),
		}
		if done.GetKind() == profilev1.ImportKind_IMPORT_KIND_ORDERS {
			reconciliation := analysis.ReconciliationOf(done)
			result.Reconciliation = &reconciliation
		}
		return writeJSON(w, result)
	}
	if done.GetKind() == profilev1.ImportKind_IMPORT_KIND_ORDERS {
		p := &layout.Page{Width: width()}
		analysis.ReconciliationOf(done).WriteText(p)
		fmt.Fprintf(w, "%s\n", p)
	}
	fmt.Fprintf(w, "%d rows read: %d created, %d updated, %d unchanged, %d rows refused\n",
		done.GetRows(), done.GetCreated(), done.GetUpdated(), done.GetUnchanged(), done.GetRejected())
	for _, warning := range done.GetWarnings() {
		fmt.Fprintf(w, "- %s\n", warning.GetMessage())
	}
	switch {
	case done.GetDryRun():
		fmt.Fprintln(w, "dry run: nothing was written")
	case listed(done) && f.rejected == "":
		fmt.Fprintln(w, "the refused rows and why: the same command with --rejected FILE")
	case listed(done):
		fmt.Fprintf(w, "the refused rows and why are in %s\n", f.rejected)
	}
	return nil
}

// listed reports whether there are refused rows, or values that rows went without.
func listed(done *profilev1.Import) bool {
	return done.GetRejected() > 0 || slices.ContainsFunc(done.GetWarnings(), func(w *apiv1.Warning) bool {
		return w.GetReason() == "VALUES_LEFT_OUT" || w.GetReason() == "IDENTIFIERS_TAKEN"
	})
}

type importResult struct {
	Import    string `json:"import"`
	Rows      int64  `json:"rows"`
	Created   int64  `json:"created"`
	Updated   int64  `json:"updated"`
	Unchanged int64  `json:"unchanged"`
	Rejected  int64  `json:"rejected"`
	Skipped   int64  `json:"skipped"` // blank rows, and totals below the last
	DryRun    bool   `json:"dry_run"`
	// Reconciliation is that of a file of orders.
	Reconciliation *analysis.Reconciliation `json:"reconciliation,omitempty"`
}

func saveRejected(ctx context.Context, conn grpc.ClientConnInterface, name, path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return upload.SaveRefused(ctx, conn, name, file)
}
