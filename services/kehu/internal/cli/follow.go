package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/pkg/rpc"
)

// streaming has cmd write what comes by itself, a line each, where it is asked to.
func (f *tellFlags) streaming(cmd *cobra.Command, asked func() bool, stream func(context.Context, grpc.ClientConnInterface, []string) error) {
	tell := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if !asked() {
			return tell(cmd, args)
		}
		if err := oneOf("format", f.format, "text", "json"); err != nil {
			return err
		}
		conn, err := rpc.Dial(f.server, rpc.DefaultClientConfig("the server at "+f.server))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, conn.Close()) }()
		return stream(cmd.Context(), conn, args)
	}
}

// line writes a message as one line of JSON, or as text.
func (f *tellFlags) line(m proto.Message, text string) error {
	if f.format == "json" {
		encoded, err := protojson.Marshal(m)
		if err != nil {
			return err
		}
		text = string(encoded)
	}
	_, err := fmt.Fprintln(os.Stdout, text)
	return err
}

// follow writes what comes until it is interrupted, and then tells on standard error
// where to go on: at the cursor of what was written last.
func follow[M interface{ GetCursor() string }](ctx context.Context, cursor string, receive func() (M, error), write func(M) error) error {
	defer func() {
		if cursor != "" {
			fmt.Fprintln(os.Stderr, "to go on: --cursor", cursor)
		}
	}()
	for {
		came, err := receive()
		if ctx.Err() != nil {
			return nil // interrupted, as is meant
		}
		if err != nil {
			return err
		}
		if err := write(came); err != nil {
			return err
		}
		cursor = came.GetCursor()
	}
}
