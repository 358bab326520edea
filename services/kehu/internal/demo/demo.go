// Package demo shows the suite at work: it makes up a shop whose truth is
// known, takes it in through the public API, and has it analysed.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// zone is where the shop's days begin.
const zone = "Asia/Shanghai"

// Settings say which shop to show and where to print.
type Settings struct {
	Seed      uint64
	Customers int
	Width     int
	Out       io.Writer
	Progress  progress.Reporter
}

// Run makes the shop, loads it into the suite behind conn, and prints what the
// suite finds. The suite should be empty.
func Run(ctx context.Context, conn grpc.ClientConnInterface, s Settings) error {
	made, err := shop.Generate(shop.Default(s.Seed, s.Customers))
	if err != nil {
		return err
	}
	d := &demo{conn: conn, shop: made, settings: s, page: &layout.Page{Width: s.Width}}
	for _, step := range []func(context.Context) error{
		d.load, d.duplicates, d.value, d.segment, d.survey, d.refer,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	_, err = io.WriteString(s.Out, d.page.String())
	return err
}

type demo struct {
	conn     grpc.ClientConnInterface
	shop     *shop.Shop
	settings Settings
	page     *layout.Page
}

// lastDay is the shop's last day, less some months.
func (d *demo) lastDay(monthsBefore int) string {
	return d.shop.Config().End.AddDate(0, -monthsBefore, -1).Format(time.DateOnly)
}

// load writes the shop's files, dirty rows and all, and imports them.
func (d *demo) load(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "kehu-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	stage := d.settings.Progress.Start("making the shop", int64(d.settings.Customers), progress.Count)
	if err := d.shop.WriteFiles(dir); err != nil {
		return err
	}
	stage.Set(int64(d.settings.Customers), 0)
	stage.End()

	customers, err := d.importFile(ctx, dir, "customers.csv", profilev1.ImportKind_IMPORT_KIND_CUSTOMERS)
	if err != nil {
		return err
	}
	orders, err := d.importFile(ctx, dir, "orders.csv", profilev1.ImportKind_IMPORT_KIND_ORDERS)
	if err != nil {
		return err
	}
	d.page.Title(fmt.Sprintf("A made-up shop: %d customers over two years, seed %d", d.settings.Customers, d.settings.Seed))
	d.page.Table([][]string{
		{"file", "rows", "created", "updated", "refused"},
		{"customers.csv", count(customers.GetRows()), count(customers.GetCreated()), count(customers.GetUpdated()), count(customers.GetRejected())},
		{"orders.csv", count(orders.GetRows()), count(orders.GetCreated()), count(orders.GetUpdated()), count(orders.GetRejected())},
	})
	return d.showRefused(ctx, orders)
}

func (d *demo) importFile(ctx context.Context, dir, name string, kind profilev1.ImportKind) (*profilev1.Import, error) {
	done, err := upload.Send(ctx, d.conn, filepath.Join(dir, name), upload.Settings{
		Kind: kind, Currency: d.shop.Config().Currency, Zone: zone, Progress: d.settings.Progress,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if done.GetState() != profilev1.ImportState_IMPORT_STATE_DONE {
		return nil, fmt.Errorf("%s: %s", name, done.GetError().GetMessage())
	}
	return done, nil
}

// showRefused prints the first few refused rows of an import.
func (d *demo) showRefused(ctx context.Context, done *profilev1.Import) error {
	if done.GetRejected() == 0 {
		return nil
	}
	refused, err := upload.FirstRefused(ctx, d.conn, done.GetName(), 5)
	if err != nil {
		return err
	}
	analysis.WriteRefused(d.page, refused)
	return nil
}
