package purchases

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/delimited"
)

// Table is a text file whose first row names its columns.
type Table struct {
	Path      string
	Encoding  profilev1.FileEncoding
	Delimiter string // empty is told from the header
}

// Visits is a table that says who bought when, and maybe no more, written out as a
// file of orders: a purchase model needs neither ids of orders nor amounts.
type Visits struct {
	Path string // the table's own where nothing had to be written; otherwise UTF-8, commas, Kehu's names
	// What the table itself states. Rows without an order id are an order each;
	// amounts that are not stated are written as 1 and mean nothing.
	Orders, Amounts, Currencies bool
	dir                         string
}

// Rewritten tells whether Path is a file made for this.
func (v *Visits) Rewritten() bool { return v.dir != "" }

// Remove removes the file, where it was made for this.
func (v *Visits) Remove() error { return os.RemoveAll(v.dir) }

// titles are the names under which a column is known, our own first.
var titles = map[string][]string{
	"customer_id": {"customer_id", "customer", "customerid", "client_id", "user_id", "member_id", "buyer_id", "cust", "id", "会员号", "客户编号"},
	"order_time":  {"order_time", "order_date", "date", "time", "datetime", "timestamp", "purchase_date", "transaction_date", "日期", "下单时间"},
	"order_id":    {"order_id", "orderid", "invoice_id", "transaction_id", "订单号"},
	"amount":      {"amount", "spend", "sales", "revenue", "金额"},
	"currency":    {"currency"},
}

// ReadVisits rewrites a table in which a customer and a date have a column but an
// order's id or its amount have not, or which calls them by other names than ours.
// A table in which these two cannot be told is nil, for it to be read as orders are. A table that cannot be read is an
// InvalidArgument fault; what is wrong with a row shows when the orders are read.
func ReadVisits(table Table) (_ *Visits, err error) {
	file, err := os.Open(table.Path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var text io.Reader = file
	if table.Encoding == profilev1.FileEncoding_FILE_ENCODING_GB18030 {
		text = transform.NewReader(file, simplifiedchinese.GB18030.NewDecoder())
	}
	in := delimited.NewReader(text, table.Delimiter, true)
	header, err := in.Next()
	if err != nil {
		return nil, nil // the reader of orders says best what is wrong
	}
	names, at := named(header)
	v := &Visits{Orders: at["order_id"] >= 0, Amounts: at["amount"] >= 0, Currencies: at["currency"] >= 0}
	if at["customer_id"] < 0 || at["order_time"] < 0 {
		return nil, nil
	}
	if v.Orders && v.Amounts && slices.Equal(names, header) {
		v.Path = table.Path
		return v, nil
	}
	if v.dir, err = os.MkdirTemp("", "kehu-visits-"); err != nil {
		return nil, err
	}
	v.Path = filepath.Join(v.dir, filepath.Base(table.Path))
	defer func() {
		if err != nil {
			err = errors.Join(err, v.Remove())
		}
	}()
	return v, v.write(in, names)
}

// named is the header in our own names, and where the columns of visits stand; -1
// where they do not.
func named(header []string) (names []string, at map[string]int) {
	names, at = slices.Clone(header), make(map[string]int, len(titles))
	folded := make([]string, len(header))
	for i, title := range header {
		folded[i] = strings.ToLower(strings.TrimSpace(norm.NFKC.String(title)))
	}
	for name, known := range titles {
		at[name] = -1
		for _, title := range known {
			if i := slices.Index(folded, title); i >= 0 {
				at[name] = i
				if folded[i] != name {
					names[i] = name
				}
				break
			}
		}
	}
	return names, at
}

// write writes the rows with the columns that are missing. A row that has not as
// many fields as the header stays so, and is refused as such.
func (v *Visits) write(in *delimited.Reader, names []string) (err error) {
	file, err := os.OpenFile(v.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriterSize(file, 1<<20)
	out := csv.NewWriter(buffered)
	width := len(names)
	for row := 0; ; row++ {
		fields := names
		if row > 0 {
			fields, err = in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return fmt.Errorf("row %d: %w", row, err)
			}
		}
		if len(fields) == width {
			fields = v.completed(fields, row)
		}
		if err := out.Write(fields); err != nil {
			return fmt.Errorf("write %s: %w", v.Path, err)
		}
	}
	out.Flush()
	if err := errors.Join(out.Error(), buffered.Flush()); err != nil {
		return fmt.Errorf("write %s: %w", v.Path, err)
	}
	return nil
}

// completed is a row with what its table does not state; row 0 is the header.
func (v *Visits) completed(fields []string, row int) []string {
	fields = slices.Clone(fields)
	if !v.Orders {
		fields = append(fields, either(row, "order_id", "row-"+strconv.Itoa(row)))
	}
	if !v.Amounts {
		fields = append(fields, either(row, "amount", "1"))
	}
	return fields
}

func either(row int, title, value string) string {
	if row == 0 {
		return title
	}
	return value
}
