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

	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
)

func newMigrate() *cobra.Command {
	var service, uri string
	cmd := &cobra.Command{
		Use:   "migrate --service NAME --mongodb-uri URI",
		Short: "Create the MongoDB indexes of one service",
		Long: `Creates the indexes of one service's database, so that its replicas can run
with --skip-indexes and a user that may not create any. It can be run again, and
while the service runs. It prints the commands that shard the collections; on a
cluster that is not sharded they are not needed.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return migrate(cmd.Context(), os.Stdout, service, uri) },
	}
	cmd.Flags().StringVar(&service, "service", "", "one of "+strings.Join(suite.Names, ", "))
	cmd.Flags().StringVar(&uri, "mongodb-uri", "", "MongoDB to prepare, e.g. mongodb://localhost:27017")
	return cmd
}

func migrate(ctx context.Context, out io.Writer, service, uri string) error {
	if uri == "" {
		return usageError{errors.New("--mongodb-uri is missing; the embedded store needs no migration")}
	}
	if err := oneOf("service", service, suite.Names...); err != nil {
		return err
	}
	for _, store := range suite.StoresOf(service) {
		if err := migrateStore(ctx, out, store, uri); err != nil {
			return err
		}
	}
	return nil
}

func migrateStore(ctx context.Context, out io.Writer, store, uri string) (err error) {
	engine, err := engines.Open(ctx, engines.Config{MongoDBURI: uri}, store, slog.Default())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	layouts, err := suite.Layouts(ctx, store, engine)
	if err != nil {
		return err
	}
	database := engines.Database(store)
	for _, layout := range layouts {
		fmt.Fprintf(out, "%s.%s: indexes %s\n", database, layout.Name, strings.Join(append([]string{"_id"}, layout.Indexes...), ", "))
	}
	fmt.Fprintf(out, "\nTo shard, in mongosh:\n  sh.enableSharding(%q)\n", database)
	for _, layout := range layouts {
		fmt.Fprintf(out, "  sh.shardCollection(%q, {_id: 1})\n", database+"."+layout.Name)
	}
	return nil
}
