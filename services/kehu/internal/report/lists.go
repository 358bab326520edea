package report

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/words"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// WriteLists writes the customers of each RFM group that has any into a CSV file
// in dir, for spreadsheets: UTF-8 with a byte order mark, no cell that would be
// taken for a formula. The lists are of the refresh that r comes from, and r's
// groups are told their names. A customer whose id the suite has made from a phone
// number or an e-mail address is listed by that. A list appears whole or not at all; that of a
// group now empty is removed, and nothing else in dir is touched.
func WriteLists(ctx context.Context, suite grpc.ClientConnInterface, dir, lang string, r *analysis.Report, shown progress.Reporter) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := valuationv1.NewValuationServiceClient(suite).StreamValuations(ctx, &valuationv1.StreamValuationsRequest{Generation: r.Generation})
	if err != nil {
		return err
	}
	customers := profilev1.NewCustomerServiceClient(suite)
	l := lists{dir: dir, lang: lang, zone: analysis.Location(r.TimeZone), open: map[string]*list{}}
	defer func() { err = errors.Join(err, l.discard()) }()
	stage := shown.Start("listing customers", r.Customers, progress.Count)
	var done int64
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		names, err := namesOf(ctx, customers, batch.GetValuations())
		if err != nil {
			return err
		}
		for _, v := range batch.GetValuations() {
			if err := l.add(v, cmp.Or(names[v.GetCustomerId()], v.GetCustomerId())); err != nil {
				return err
			}
		}
		done += int64(len(batch.GetValuations()))
		stage.Set(done, 0)
	}
	stage.End()
	return l.publish(r.RFM.Groups)
}

// lists are the files being written, by the code of their group.
type lists struct {
	dir, lang string
	zone      *time.Location
	open      map[string]*list
}

// list is one of them, under a temporary name.
type list struct {
	file *os.File
	text *bufio.Writer
	rows *csv.Writer
}

var header = words.Text{
	ZH: "客户,订单数,收入,币种,首单日期,末单日期,RFM,R,F,M,仍是客户的概率,一年内不再下单的概率,一年内预期订单",
	EN: "customer,orders,revenue,currency,first_order,last_order,rfm,r,f,m,p_alive,churn_risk,expected_orders",
}

func (l *lists) add(v *valuationv1.Valuation, name string) error {
	code := analysis.GroupCode(v.GetRfm().GetGroup())
	to := l.open[code]
	if to == nil {
		file, err := os.CreateTemp(l.dir, ".kehu-list-*")
		if err != nil {
			return err
		}
		to = &list{file: file, text: bufio.NewWriterSize(file, 1<<16)}
		to.rows = csv.NewWriter(to.text)
		to.rows.UseCRLF = true
		l.open[code] = to
		if _, err := to.text.WriteString("\ufeff"); err != nil {
			return err
		}
		if err := to.rows.Write(strings.Split(header.In(l.lang), ",")); err != nil {
			return err
		}
	}
	return to.rows.Write(l.row(v, name))
}

func (l *lists) row(v *valuationv1.Valuation, name string) []string {
	var revenue, currency string
	if sums := v.GetRevenue(); len(sums) > 0 {
		revenue, currency = money.Format(sums[0]), sums[0].GetCurrencyCode()
	}
	score := func(n int32) string { return strconv.Itoa(int(n)) }
	rfm := v.GetRfm()
	prediction := v.GetPrediction()
	if prediction == nil {
		prediction = &valuationv1.Prediction{}
	}
	return []string{
		cell(name), strconv.FormatInt(v.GetOrders(), 10), revenue, currency,
		v.GetFirstOrderTime().AsTime().In(l.zone).Format(time.DateOnly), v.GetLastOrderTime().AsTime().In(l.zone).Format(time.DateOnly),
		rfm.GetCell(), score(rfm.GetRecency()), score(rfm.GetFrequency()), score(rfm.GetMonetary()),
		expected(prediction.AliveProbability), expected(prediction.ChurnRisk), expected(prediction.ExpectedOrders),
	}
}

// expected writes what a model expects, and nothing where it cannot tell.
func expected(figure *float64) string {
	if figure == nil {
		return ""
	}
	return strconv.FormatFloat(*figure, 'f', 3, 64)
}

// cell guards a text against the spreadsheet that opens it: an apostrophe before
// what would be run as a formula, and before digits that it would round or strip
// of their zeros.
func cell(text string) string {
	if text == "" {
		return ""
	}
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(text)[0]) {
		return "'" + text
	}
	digits := strings.Trim(text, "0123456789") == ""
	if digits && (len(text) > 15 || text[0] == '0' && len(text) > 1) {
		return "'" + text
	}
	return text
}

// publish gives the lists their names, and the groups those of their lists.
func (l *lists) publish(groups []analysis.Group) error {
	for i := range groups {
		g := &groups[i]
		g.List = ""
		name := l.name(i, *g)
		path := filepath.Join(l.dir, name)
		written := l.open[g.Code]
		if written == nil {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			continue
		}
		if err := written.close(); err != nil {
			return err
		}
		if err := os.Rename(written.file.Name(), path); err != nil {
			return err
		}
		delete(l.open, g.Code)
		g.List = name
	}
	return nil
}

// name is that of a group's list, e.g. "1-important-value.csv".
func (l *lists) name(i int, g analysis.Group) string {
	name := g.Name
	if l.lang != words.Chinese {
		name = strings.ReplaceAll(g.Code, "_", "-")
	}
	return fmt.Sprintf("%d-%s.csv", i+1, name)
}

func (l *list) close() error {
	l.rows.Flush()
	return errors.Join(l.rows.Error(), l.text.Flush(), l.file.Close())
}

// discard removes the lists that were not published.
func (l *lists) discard() error {
	var errs []error
	for _, unpublished := range l.open {
		_ = unpublished.file.Close()
		errs = append(errs, os.Remove(unpublished.file.Name()))
	}
	return errors.Join(errs...)
}
