package preview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// WriteText says how the file called name is read, and shows its first rows.
func (r *Reading) WriteText(p *layout.Page, name string) {
	p.Heading("How " + name + " is read 读取方式")
	facts := [][2]string{{"Format 格式", r.format()}}
	if r.kind == profilev1.ImportKind_IMPORT_KIND_ORDERS {
		facts = append(facts,
			[2]string{"Export 导出", r.export()},
			[2]string{"Rows 行", r.rows()},
			[2]string{"Currency 币种", r.money()},
			[2]string{"Times 时间", r.times()},
		)
	}
	p.Facts(append(facts, r.columns()...))
	if r.CurrencyMissing() {
		return // no row could be read
	}
	r.writeRows(p)
	for _, w := range r.answer.GetWarnings() {
		if w.GetReason() != "COLUMNS_IGNORED" { // they are among the columns
			p.Item(w.GetMessage())
		}
	}
}

func (r *Reading) format() string {
	encoding := "UTF-8"
	if r.Format.GetEncoding() == profilev1.FileEncoding_FILE_ENCODING_GB18030 {
		encoding = "GB18030 (GBK)"
	}
	if r.Format.GetSyntax() == profilev1.FileSyntax_FILE_SYNTAX_JSON_LINES {
		return encoding + ", JSON lines"
	}
	between := map[string]string{",": "commas", ";": "semicolons", "\t": "tabs"}[r.Format.GetDelimiter()]
	return encoding + ", " + between + " between fields"
}

// platforms are the names under which people know the presets.
var platforms = map[string]string{
	"kehu": "Kehu's own names", "taobao": "Taobao, Tmall 淘宝天猫", "jd": "JD 京东", "youzan": "Youzan 有赞", "shopify": "Shopify",
}

func (r *Reading) export() string {
	switch {
	case r.Preset == "":
		return "mapping " + cmp.Or(r.Mapping.GetName(), "without a name")
	case r.Guessed:
		return fmt.Sprintf("%s, told from the header (--preset %s)", cmp.Or(platforms[r.Preset], r.Preset), r.Preset)
	default:
		return fmt.Sprintf("%s (--preset %s)", cmp.Or(platforms[r.Preset], r.Preset), r.Preset)
	}
}

func (r *Reading) rows() string {
	if r.Mapping == nil {
		if r.uses("sku") && r.Format.GetSyntax() != profilev1.FileSyntax_FILE_SYNTAX_JSON_LINES {
			return "an item each, whose amount is the line's; rows with the same order id are one order"
		}
		return "an order each"
	}
	if r.Mapping.GetRows() != profilev1.OrderRows_ORDER_ROWS_ITEM {
		return "an order each"
	}
	if r.Mapping.GetAmount() == profilev1.AmountMeaning_AMOUNT_MEANING_ORDER {
		return "an item each; the amount is the whole order's and counts once"
	}
	return "an item each, whose amount is the line's; rows with the same order id are one order"
}

func (r *Reading) money() string {
	code := r.Currency()
	switch {
	case r.uses("currency") && code != "":
		return "as stated in each row, otherwise " + code
	case r.uses("currency"):
		return "as stated in each row"
	case code == "":
		return "none is stated: --currency CNY, or another"
	default:
		return code
	}
}

func (r *Reading) times() string {
	if zone := r.Zone(); zone != "" {
		return "of " + zone + " where they state no zone"
	}
	return "of UTC where they state no zone; --zone Asia/Shanghai for another"
}

func (r *Reading) uses(field string) bool {
	for _, c := range r.answer.GetColumns() {
		if c.GetField() == field {
			return true
		}
	}
	return false
}

// columns are the fields, the order's id first, and the columns that they are
// read from, then the columns that are not read.
func (r *Reading) columns() [][2]string {
	var fields, ignored []string
	titles := map[string][]string{}
	for _, c := range r.answer.GetColumns() {
		title, field := c.GetTitle(), c.GetField()
		if field == "" {
			ignored = append(ignored, title)
			continue
		}
		if titles[field] == nil {
			fields = append(fields, field)
		}
		titles[field] = append(titles[field], title)
	}
	known := new(profilev1.OrderColumns).ProtoReflect().Descriptor().Fields()
	slices.SortStableFunc(fields, func(a, b string) int {
		x, y := known.ByName(protoreflect.Name(a)), known.ByName(protoreflect.Name(b))
		if x == nil || y == nil {
			return 0 // fields of a customer stay in the file's order
		}
		return x.Index() - y.Index()
	})
	var lines [][2]string
	for _, field := range fields {
		lines = append(lines, [2]string{"  " + field, strings.Join(titles[field], ", ")})
	}
	if len(ignored) > 0 {
		lines = append(lines, [2]string{"  not read 忽略", strings.Join(ignored, ", ")})
	}
	return lines
}

func (r *Reading) writeRows(p *layout.Page) {
	if len(r.answer.GetRows()) == 0 {
		return
	}
	p.Heading("The first rows 前几行")
	rows := [][]string{{"row", "order", "customer", "time", "amount", "status", "items"}}
	var refused []*profilev1.RowPreview
	zone, err := time.LoadLocation(r.Zone())
	if err != nil {
		zone = time.UTC // a zone that this machine alone does not know
	}
	for _, row := range r.answer.GetRows() {
		if row.GetError() != nil {
			refused = append(refused, row)
			continue
		}
		rows = append(rows, cells(row, zone))
	}
	if len(rows) > 1 {
		p.Table(rows)
	}
	for _, row := range refused {
		p.Item(fmt.Sprintf("row %d would be refused: %s", row.GetRow(), row.GetError().GetMessage()))
	}
}

func cells(row *profilev1.RowPreview, zone *time.Location) []string {
	order := row.GetOrder()
	customer, id := ids(order.GetName())
	if customer == "anonymous" {
		customer = "(no buyer)"
	}
	at, amount := "", ""
	if order.GetOrderTime() != nil {
		at = order.GetOrderTime().AsTime().In(zone).Format(time.DateTime)
	}
	if order.GetAmount() != nil {
		amount = money.Format(order.GetAmount()) + " " + order.GetAmount().GetCurrencyCode()
	}
	var items []string
	for _, i := range order.GetItems() {
		items = append(items, i.GetSku())
	}
	status := "paid" // which an order is that states nothing else
	if order.GetStatus() != profilev1.OrderStatus_ORDER_STATUS_UNSPECIFIED {
		status = strings.ToLower(strings.TrimPrefix(order.GetStatus().String(), "ORDER_STATUS_"))
	}
	return []string{fmt.Sprint(row.GetRow()), id, customer, at, amount, status, strings.Join(items, ", ")}
}

// ids are those in an order's name.
func ids(name string) (customer, order string) {
	parts := strings.Split(name, "/")
	if len(parts) != 4 {
		return "", name
	}
	return parts[1], parts[3]
}
