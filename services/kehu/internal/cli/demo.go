package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/services/kehu/internal/demo"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
)

type demoFlags struct {
	seed      uint64
	customers int
	data      string
	files     string
}

func newDemo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make up a shop, load it through the API and show the analysis",
		Long: `Makes up a realistic shop whose truth is known, with dirty and duplicate rows,
loads it through the public API into a suite in this process, and shows what the
services find beside the truth, each with the command that finds it. The same seed makes the same shop.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.Uint64Var(&f.seed, "seed", 1, "decides everything that is drawn")
	flags.IntVar(&f.customers, "customers", 20_000, "how many customers the shop has")
	flags.StringVar(&f.data, "data", "", "keep the data in this new directory, for kehu serve --data (default: a temporary one)")
	flags.StringVar(&f.files, "files", "", "keep the shop's files in this directory, e.g. shop (default: in none)")
	return cmd
}

func (f *demoFlags) run(ctx context.Context) error {
	if f.data != "" {
		if entries, err := os.ReadDir(f.data); err == nil && len(entries) > 0 {
			return usageError{fmt.Errorf("--data: %s is not empty; the demo takes a new directory", f.data)}
		}
	}
	started := time.Now()
	err := suite.Temporarily(ctx, engines.Config{Data: f.data}, func(ctx context.Context, conn grpc.ClientConnInterface) error {
		return demo.Run(ctx, conn, demo.Settings{
			Seed: f.seed, Customers: f.customers, Files: f.files, Width: width(), Out: os.Stdout, Progress: reporter(),
		})
	})
	if err != nil {
		return err
	}
	fmt.Printf("\nDone in %s.\n", time.Since(started).Round(100*time.Millisecond))
	if f.data == "" {
		fmt.Println("Nothing was kept. To look around in it: kehu demo --data demo-data --files shop && kehu serve --data demo-data")
		return nil
	}
	fmt.Printf("To look around in it: kehu serve --data %s, then http://%s/v1/segments\n", f.data, defaultHTTP)
	return nil
}
