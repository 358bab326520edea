package cli

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/rpc"
)

// spokenFlags are those of commands that ask a server and print in words.
type spokenFlags struct{ server, lang string }

func (f *spokenFlags) command(use, short string, args cobra.PositionalArgs, run func(context.Context, grpc.ClientConnInterface, []string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := oneOf("lang", f.lang, "zh", "en"); err != nil {
				return err
			}
			conn, err := rpc.Dial(f.server, rpc.DefaultClientConfig("server"))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			return run(cmd.Context(), conn, args)
		},
	}
	cmd.Flags().StringVar(&f.server, "server", defaultGRPC, "gRPC address of the server or of profile")
	cmd.Flags().StringVar(&f.lang, "lang", language(os.Getenv), "language of what is printed: zh or en (default: by LANG)")
	return cmd
}
