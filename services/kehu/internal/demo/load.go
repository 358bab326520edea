package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/genproto/googleapis/type/date"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// load writes the shop's files, dirty rows and all, and imports them.
func (d *demo) load(ctx context.Context) error {
	dir := d.settings.Files
	if dir == "" {
		made, err := os.MkdirTemp("", "kehu-demo-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(made) }()
		dir = made
	} else if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	stage := d.settings.Progress.Start("making the shop", int64(d.settings.Customers), progress.Count)
	if err := d.shop.WriteFiles(dir); err != nil {
		return err
	}
	stage.Set(int64(d.settings.Customers), 0)
	stage.End()

	rows := [][]string{{"file", "rows", "created", "updated", "refused"}}
	var orders *profilev1.Import
	for _, name := range []string{shop.CustomersFile, shop.OrdersFile, shop.ItemsFile} {
		done, err := d.importFile(ctx, dir, name)
		if err != nil {
			return err
		}
		if name == shop.OrdersFile {
			orders = done
		}
		rows = append(rows, []string{name, count(done.GetRows()), count(done.GetCreated()), count(done.GetUpdated()), count(done.GetRejected())})
	}
	d.page.Title(fmt.Sprintf("A made-up shop: %d customers over two years, seed %d", d.settings.Customers, d.settings.Seed))
	d.page.Table(rows)
	d.page.Item("items.csv has the articles of the same orders: it adds them, and no order twice.")
	d.page.Item("The commands behind a $ give the same figures from a suite that runs: kehu demo --data demo-data --files shop, then kehu serve --data demo-data.")
	if err := d.loadRates(ctx); err != nil {
		return err
	}
	return d.showRefused(ctx, orders)
}

func (d *demo) importFile(ctx context.Context, dir, name string) (*profilev1.Import, error) {
	kind := profilev1.ImportKind_IMPORT_KIND_ORDERS
	if name == shop.CustomersFile {
		kind = profilev1.ImportKind_IMPORT_KIND_CUSTOMERS
	}
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
	d.yourself("kehu import orders shop/orders.csv --dry-run --rejected refused.csv --zone " + zone)
	return nil
}

// loadRates states what the shop's foreign currency was worth.
func (d *demo) loadRates(ctx context.Context) error {
	request := &profilev1.BatchSetExchangeRatesRequest{}
	for _, r := range d.shop.Rates() {
		request.ExchangeRates = append(request.ExchangeRates, &profilev1.ExchangeRate{
			FromCurrencyCode: r.From, ToCurrencyCode: r.To, Rate: r.Value, Source: "made up",
			StartDate: &date.Date{Year: int32(r.Start.Year()), Month: int32(r.Start.Month()), Day: int32(r.Start.Day())},
		})
	}
	answer, err := profilev1.NewExchangeRateServiceClient(d.conn).BatchSetExchangeRates(ctx, request)
	if err != nil {
		return err
	}
	for _, s := range answer.GetStatuses() {
		if s.GetCode() != 0 {
			return fmt.Errorf("rates: %s", s.GetMessage())
		}
	}
	return nil
}
