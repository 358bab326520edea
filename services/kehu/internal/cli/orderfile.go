package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/mapfile"
	"github.com/kehuhq/kehu/services/kehu/internal/preview"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
	"github.com/kehuhq/kehu/services/kehu/internal/workbook"
)

// fileFlags say how a file is read, for every command that reads one.
type fileFlags struct {
	kind profilev1.ImportKind

	preset, mapping, saveMapping string
	currency, zone, amount       string
	encoding, delimiter, sheet   string
	syntax                       string
	yes                          bool

	cmd *cobra.Command
}

// The words of the flags for what the API has values for.
var (
	amounts = map[string]profilev1.AmountMeaning{
		"":      profilev1.AmountMeaning_AMOUNT_MEANING_UNSPECIFIED,
		"order": profilev1.AmountMeaning_AMOUNT_MEANING_ORDER,
		"line":  profilev1.AmountMeaning_AMOUNT_MEANING_LINE,
	}
	encodings = map[string]profilev1.FileEncoding{
		"auto":    profilev1.FileEncoding_FILE_ENCODING_UNSPECIFIED,
		"utf-8":   profilev1.FileEncoding_FILE_ENCODING_UTF8,
		"gb18030": profilev1.FileEncoding_FILE_ENCODING_GB18030,
	}
	syntaxes = map[string]profilev1.FileSyntax{
		"auto":  profilev1.FileSyntax_FILE_SYNTAX_UNSPECIFIED,
		"csv":   profilev1.FileSyntax_FILE_SYNTAX_DELIMITED,
		"jsonl": profilev1.FileSyntax_FILE_SYNTAX_JSON_LINES,
	}
	delimiters = map[string]string{"auto": "", "comma": ",", "semicolon": ";", "tab": "\t"}
)

func (f *fileFlags) add(cmd *cobra.Command, kind profilev1.ImportKind) {
	f.kind, f.cmd = kind, cmd
	flags := cmd.Flags()
	if kind == profilev1.ImportKind_IMPORT_KIND_ORDERS {
		flags.StringVar(&f.preset, "preset", "auto", "whose export it is: auto, kehu, taobao, jd, youzan or shopify")
		flags.StringVar(&f.mapping, "map", "", "a mapping of your own in place of a preset: a YAML file as --save-map writes it")
		flags.StringVar(&f.saveMapping, "save-map", "", "write the mapping in use to this new file, to edit")
		flags.StringVar(&f.amount, "amount", "", "what the amount is of where several rows are one order: order (each row repeats it or leaves it blank) or line (default: as the preset or mapping has it)")
		flags.StringVar(&f.currency, "currency", "", "currency of rows that state none, ISO 4217")
		flags.StringVar(&f.zone, "zone", "", "IANA time zone of the shop and of times that state none, e.g. Asia/Shanghai (default: the preset's, otherwise UTC)")
		flags.BoolVar(&f.yes, "yes", false, "do not ask whether the file has been understood")
	} else {
		flags.StringVar(&f.mapping, "map", "", "which column holds what: a YAML file, see docs/import.md")
		flags.StringVar(&f.zone, "zone", "", "IANA time zone of times that state none, e.g. Asia/Shanghai (default: the mapping's, otherwise UTC)")
	}
	flags.StringVar(&f.syntax, "syntax", "auto", "of a text file: auto, csv or jsonl (JSON lines)")
	flags.StringVar(&f.encoding, "encoding", "auto", "of a text file: auto, utf-8 or gb18030")
	flags.StringVar(&f.delimiter, "delimiter", "auto", "of a text file: auto, comma, semicolon or tab")
	flags.StringVar(&f.sheet, "sheet", "", "of a workbook (.xlsx): the sheet to read (default: the first with anything on it)")
}

// check finds what is wrong with the flags themselves.
func (f *fileFlags) check() error {
	err := errors.Join(
		oneOf("encoding", f.encoding, "auto", "utf-8", "gb18030"),
		oneOf("delimiter", f.delimiter, "auto", "comma", "semicolon", "tab"),
		oneOf("syntax", f.syntax, "auto", "csv", "jsonl"),
	)
	if _, unknown := time.LoadLocation(f.zone); unknown != nil || f.zone == "Local" {
		err = errors.Join(err, usageError{fmt.Errorf("--zone must be an IANA time zone, e.g. Asia/Shanghai, is %q", f.zone)})
	}
	if f.kind != profilev1.ImportKind_IMPORT_KIND_ORDERS {
		return err
	}
	err = errors.Join(err, oneOf("preset", f.preset, "auto", "kehu", "taobao", "jd", "youzan", "shopify"))
	if f.cmd.Flags().Changed("amount") {
		err = errors.Join(err, oneOf("amount", f.amount, "order", "line"))
	}
	if f.mapping != "" && f.cmd.Flags().Changed("preset") {
		err = errors.Join(err, usageError{errors.New("--map and --preset exclude each other: a mapping stands in place of a preset")})
	}
	if f.currency != "" && (len(f.currency) != 3 || strings.Trim(f.currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		err = errors.Join(err, usageError{fmt.Errorf("--currency must be an ISO 4217 code, e.g. CNY, is %q", f.currency)})
	}
	if f.saveMapping != "" {
		if _, none := os.Stat(f.saveMapping); none == nil {
			err = errors.Join(err, usageError{fmt.Errorf("--save-map: %s %w", f.saveMapping, mapfile.ErrExists)})
		}
	}
	return err
}

// source is a file that is ready to be sent: text, if need be made of a workbook.
type source struct {
	path, name string // where the text is, and what people know it by
	format     *profilev1.FileFormat
	checked    *upload.Checked
	mapping    *profilev1.OrderMapping  // of --map
	columns    *profilev1.ColumnMapping // of --map, for what is no order
	sheet      *workbook.CSV            // unset for a text file
}

// open reads the whole file at path once, before anything is sent.
func (f *fileFlags) open(path string, report progress.Reporter) (_ *source, err error) {
	s := &source{path: path, name: filepath.Base(path), format: &profilev1.FileFormat{
		Encoding: encodings[f.encoding], Delimiter: delimiters[f.delimiter], Syntax: syntaxes[f.syntax],
	}}
	if extension := strings.ToLower(filepath.Ext(path)); f.syntax == "auto" && (extension == ".jsonl" || extension == ".ndjson") {
		s.format.Syntax = profilev1.FileSyntax_FILE_SYNTAX_JSON_LINES
	}
	if s.format.GetSyntax() == profilev1.FileSyntax_FILE_SYNTAX_JSON_LINES && f.delimiter != "auto" {
		return nil, usageError{errors.New("--delimiter is for CSV files; this is one of JSON lines")}
	}
	if info, err := os.Stat(path); err != nil {
		return nil, usageError{err}
	} else if !info.Mode().IsRegular() {
		return nil, usageError{fmt.Errorf("%s is not a regular file", path)}
	}
	if f.mapping != "" {
		if f.kind == profilev1.ImportKind_IMPORT_KIND_ORDERS {
			s.mapping, err = mapfile.Read(f.mapping)
		} else {
			s.columns, err = mapfile.ReadColumns(f.mapping)
		}
		if err != nil {
			return nil, usageError{fmt.Errorf("--map: %w", err)}
		}
	}
	is, err := workbook.Is(path)
	if err != nil {
		return nil, err
	}
	if is {
		err = s.unfold(f, report)
	} else if f.sheet != "" {
		err = usageError{fmt.Errorf("--sheet: %s is no workbook", path)}
	}
	if err != nil {
		return nil, err
	}
	if s.checked, err = upload.Check(s.path, report); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.format.Encoding == profilev1.FileEncoding_FILE_ENCODING_UNSPECIFIED {
		s.format.Encoding = s.checked.Encoding
	}
	return s, nil
}

// unfold makes text of a workbook.
func (s *source) unfold(f *fileFlags, report progress.Reporter) (err error) {
	if f.encoding != "auto" || f.delimiter != "auto" {
		return usageError{fmt.Errorf("--encoding and --delimiter are for text files; %s is a workbook", s.path)}
	}
	if s.sheet, err = workbook.Convert(s.path, f.sheet, report); err != nil {
		return err
	}
	debug.FreeOSMemory() // the index of a workbook's texts can take more than all that follows
	s.path = s.sheet.Path
	s.format = &profilev1.FileFormat{Encoding: profilev1.FileEncoding_FILE_ENCODING_UTF8, Delimiter: ","}
	return nil
}

func (s *source) close() error {
	if s.sheet == nil {
		return nil
	}
	return s.sheet.Remove()
}

// understand has the server say how it would read the file, shows that, and asks
// whether it is right where the preset is a guess and there is someone to ask.
func (f *fileFlags) understand(ctx context.Context, conn grpc.ClientConnInterface, s *source, c console) (*preview.Reading, error) {
	reading, err := preview.Inspect(ctx, conn, s.path, preview.Request{
		Kind: f.kind, Format: s.format, Preset: f.preset, Mapping: s.mapping, Columns: s.columns,
		Amount: amounts[f.amount], Currency: f.currency, Zone: f.zone,
	})
	if _, reason, _ := parts(err); reason == "PRESET_UNKNOWN" {
		c.say("%s", exampleMapping)
	}
	if err != nil {
		return nil, err
	}
	c.show(reading, s)
	if reading.CurrencyMissing() {
		return nil, &analysis.FileError{Reason: "CURRENCY_MISSING", Message: "no column states a currency: say which it is with --currency, e.g. --currency CNY"}
	}
	if f.saveMapping != "" {
		if err := mapfile.Write(f.saveMapping, reading.Own()); err != nil {
			return nil, usageError{fmt.Errorf("--save-map: %w", err)}
		}
		c.say("the mapping in use is in %s: edit it, then give it with --map", f.saveMapping)
	}
	if !reading.Guessed || f.yes || !c.asks {
		return reading, nil
	}
	return reading, c.confirm(ctx)
}

// exampleMapping is shown to whoever needs one and has none to begin with.
const exampleMapping = `
The file is no export that is known. A mapping says how it is read; with your own
titles of columns, and kept as shop.yaml for --map, it looks like this:

  version: 1
  columns:
    order_id: 单号
    customer_id: 会员号
    order_time: 下单时间
    amount: 实收金额
  time_zone: Asia/Shanghai
  currency: CNY
`

// settings are those of the upload of a file that has been understood.
func (s *source) settings(reading *preview.Reading) upload.Settings {
	return upload.Settings{
		Name: s.name, Currency: reading.Currency(), Zone: reading.Zone(),
		Checked: s.checked, Format: reading.Format, Mapping: reading.Mapping, Columns: s.columns,
	}
}
