package cli

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// tellFlags are those of commands that have a server do something, and print what
// came of it as a table with words, or as the API answers.
type tellFlags struct{ server, format, lang string }

func (f *tellFlags) command(use, short string, args cobra.PositionalArgs, run func(context.Context, grpc.ClientConnInterface, []string) (*findings.Finding, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := errors.Join(oneOf("lang", f.lang, "zh", "en"), oneOf("format", f.format, findings.Formats...)); err != nil {
				return err
			}
			conn, err := rpc.Dial(f.server, rpc.DefaultClientConfig("the server at "+f.server))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			found, err := run(cmd.Context(), conn, args)
			if err != nil {
				return err
			}
			return found.Write(os.Stdout, f.format, width())
		},
	}
	cmd.Flags().StringVar(&f.server, "server", defaultGRPC, "gRPC address of the server or of valuation")
	cmd.Flags().StringVar(&f.format, "format", "text", "text, json (as the API answers) or csv")
	cmd.Flags().StringVar(&f.lang, "lang", language(os.Getenv), "language of what is said in words: zh or en (default: by LANG)")
	return cmd
}
