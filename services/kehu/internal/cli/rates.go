package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/kehu/internal/ratefile"
)

func newImportRates() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:   "rates FILE",
		Short: "State exchange rates from a CSV file",
		Long: `Reads a CSV file with the columns ` + strings.Join(ratefile.Columns, ", ") + ` (the last is
optional). A rate holds from its day (UTC) until the next one of the same
currencies; stating it again replaces it. All rows are checked before the first
is written.`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			conn, err := rpc.Dial(server, rpc.DefaultClientConfig("server"))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			n, err := ratefile.Send(cmd.Context(), conn, args[0])
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d exchange rates stated\n", n)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&server, "server", defaultGRPC, "gRPC address of the server or of profile")
	return cmd
}
