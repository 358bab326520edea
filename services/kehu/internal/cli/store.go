package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/storecopy"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
)

func newStore() *cobra.Command {
	cmd := &cobra.Command{Use: "store", Short: "Look after the stored data"}
	cmd.AddCommand(newStoreCopy())
	return cmd
}

type copyFlags struct {
	from, to string
	services []string
	resume   bool
}

func newStoreCopy() *cobra.Command {
	var f copyFlags
	cmd := &cobra.Command{
		Use:   "copy --from PLACE --to PLACE",
		Short: "Copy all services' data between a directory and MongoDB",
		Long: `Copies the documents of all services and verifies each table by count and
hash, the sealed data keys among them. A place is the directory of an embedded
store, or a MongoDB URI. Stop the suite first: what is written during the copy
makes the verification fail.

The keyring is not copied. Start the suite on the copy with --keyring, or put the
file keyring.json of the one directory into the other.`,
		Example: "  kehu store copy --from ./data --to mongodb://localhost:27017",
		Args:    exactly(0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), os.Stdout) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "directory or mongodb:// URI to copy from")
	flags.StringVar(&f.to, "to", "", "directory or mongodb:// URI to copy to; it must hold no data of Kehu")
	flags.StringSliceVar(&f.services, "service", suite.Names, "services whose data is copied")
	flags.BoolVar(&f.resume, "resume", false, "go on with a copy that broke off")
	return cmd
}

// placeOf reads a directory or a MongoDB URI.
func placeOf(flag, place string) (engines.Config, error) {
	if place == "" {
		return engines.Config{}, usageError{fmt.Errorf("--%s is missing: a directory, or a mongodb:// URI", flag)}
	}
	if strings.HasPrefix(place, "mongodb://") || strings.HasPrefix(place, "mongodb+srv://") {
		return engines.Config{MongoDBURI: place}, nil
	}
	return engines.Config{Data: strings.TrimPrefix(place, "pebble:")}, nil
}

func (f *copyFlags) run(ctx context.Context, out io.Writer) error {
	from, err := placeOf("from", f.from)
	if err != nil {
		return err
	}
	to, err := placeOf("to", f.to)
	if err != nil {
		return err
	}
	if from == to {
		return usageError{errors.New("--from and --to are the same place")}
	}
	if from.Data != "" {
		if _, err := os.Stat(from.Data); err != nil {
			return usageError{fmt.Errorf("--from: %w", err)}
		}
	}
	for _, service := range f.services {
		for _, store := range suite.StoresOf(service) {
			if err := f.copyStore(ctx, out, store, from, to); err != nil {
				return fmt.Errorf("%s: %w", store, err)
			}
		}
	}
	fmt.Fprintln(out, "every table is the same in both places")
	return nil
}

func (f *copyFlags) copyStore(ctx context.Context, out io.Writer, store string, from, to engines.Config) (err error) {
	source, err := engines.Open(ctx, from, store, slog.Default())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := engines.Open(ctx, to, store, slog.Default())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	layouts, err := suite.Layouts(ctx, store, source)
	if err != nil {
		return err
	}
	for _, layout := range layouts {
		if err := f.copyTable(ctx, out, store, layout, source, target); err != nil {
			return err
		}
	}
	return nil
}

func (f *copyFlags) copyTable(ctx context.Context, out io.Writer, store string, layout docstore.Layout, source, target docstore.Engine) error {
	stage := reporter().Start(store+"."+layout.Name, 0, progress.Count)
	result, err := storecopy.Copy(ctx, source, target, layout, f.resume, func(done int64) { stage.Set(done, 0) })
	if err != nil {
		return err
	}
	stage.End()
	_, err = fmt.Fprintf(out, "%s.%s: %s\n", store, layout.Name, result.Describe())
	return err
}
