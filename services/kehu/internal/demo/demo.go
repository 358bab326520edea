// Package demo shows the suite at work: it makes up a shop whose truth is
// known, takes it in through the public API, and has it analysed.
package demo

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// zone is where the shop's days begin.
const zone = "Asia/Shanghai"

// Settings say which shop to show and where to print.
type Settings struct {
	Seed      uint64
	Customers int
	// Files is a directory to keep the shop's files in, "" for none.
	Files    string
	Width    int
	Out      io.Writer
	Progress progress.Reporter
}

// Config is the shop that the demo shows.
func Config(seed uint64, customers int) shop.Config {
	config := shop.Default(seed, customers)
	config.Foreign = "USD"
	return config
}

// Run makes the shop, loads it into the suite behind conn, and prints what the
// suite finds. The suite should be empty.
func Run(ctx context.Context, conn grpc.ClientConnInterface, s Settings) error {
	made, err := shop.Generate(Config(s.Seed, s.Customers))
	if err != nil {
		return err
	}
	d := &demo{
		conn: conn, shop: made, settings: s, page: &layout.Page{Width: s.Width}, now: time.Now(),
		totals: sync.OnceValue(made.Totals), behaved: sync.OnceValue(made.Behaviour),
	}
	// The steps are those of the profile service, row by row, and then the others'.
	for _, step := range []func(context.Context) error{
		d.load, d.record, d.identities, d.behaviour, d.decide, d.quality, d.duplicates, d.merge,
		d.value, d.currencies, d.predict, d.portrait, d.journey, d.needs, d.returns,
		d.sell, d.account, d.care, d.style, d.export, d.withdraw,
		d.segment, d.divide, d.treat, d.survey, d.refer, d.loyal,
		d.erase, // what all services hold of one person
	} {
		if err = step(ctx); err != nil {
			break
		}
	}
	_, failed := io.WriteString(s.Out, d.page.String())
	return errors.Join(err, failed)
}

type demo struct {
	conn     grpc.ClientConnInterface
	shop     *shop.Shop
	settings Settings
	page     *layout.Page
	now      time.Time
	// What is true of the shop, added up when it is asked for first.
	totals    func() shop.Totals
	behaved   func() shop.Behaviour
	funnelled *profilev1.Analysis // the funnel of visits
}

// lastDay is the shop's last day, less some months.
func (d *demo) lastDay(monthsBefore int) string {
	return d.shop.Config().End.AddDate(0, -monthsBefore, -1).Format(time.DateOnly)
}

// yourself tells by which commands one gets the figures above.
func (d *demo) yourself(commands ...string) {
	for _, command := range commands {
		d.page.Command(command)
	}
}

// asOf are the flags with which a command counts as the demo does.
func (d *demo) asOf() string { return " --zone " + zone + " --as-of " + d.lastDay(0) }

// analyse has the customers analysed as of the shop's end.
func (d *demo) analyse(ctx context.Context, asked *profilev1.Analysis) (*profilev1.Analysis, error) {
	asked.TimeZone, asked.AsOf = zone, timestamppb.New(d.shop.Config().End)
	return findings.Analyse(ctx, d.conn, asked, d.settings.Progress)
}

// show has the customers analysed and sets what is found below a heading.
func (d *demo) show(ctx context.Context, asked *profilev1.Analysis) (*profilev1.Analysis, error) {
	done, err := d.analyse(ctx, asked)
	if err != nil {
		return nil, err
	}
	f, err := findings.Of(done)
	if err != nil {
		return nil, err
	}
	d.page.Heading(f.Title)
	f.Set(d.page)
	return done, nil
}
