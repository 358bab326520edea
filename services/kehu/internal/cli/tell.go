package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// tellFlags are those of commands that have a server do something, and print what
// came of it as figures are, in a language where there are words.
type tellFlags struct {
	figuresFlags
	lang string
}

func (f *tellFlags) command(use, short string, arguments int, run func(context.Context, grpc.ClientConnInterface, []string) (*findings.Finding, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, PreRunE: func(*cobra.Command, []string) error { return oneOf("lang", f.lang, "zh", "en") }}
	f.addFor(cmd, arguments, run)
	cmd.Flags().Lookup("server").Usage = "gRPC address of the server, or of the service that is asked"
	cmd.Flags().StringVar(&f.lang, "lang", language(os.Getenv), "language of what is said in words: zh or en (default: by LANG)")
	return cmd
}
