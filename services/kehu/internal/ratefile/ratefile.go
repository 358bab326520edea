// Package ratefile states the exchange rates of a CSV file.
package ratefile

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Columns are those of the file; the last is optional.
var Columns = []string{"from", "to", "start_date", "rate", "source"}

// batch is how many rates are stated at a time, as many as a call takes.
const batch = 1000

// wrong says what is wrong with the file.
func wrong(format string, args ...any) error {
	return fault.New(fault.InvalidArgument, "INVALID_RATE_FILE", format, args...)
}

// Send states the rates in a file, e.g.
//
//	from,to,start_date,rate
//	USD,CNY,2026-01-01,7.0288
//
// and returns how many there were. All are checked before the first is written;
// a fault INVALID_RATE_FILE names the rows that are wrong.
func Send(ctx context.Context, conn grpc.ClientConnInterface, path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	rates, err := read(file)
	if err != nil {
		return 0, err
	}
	client := profilev1.NewExchangeRateServiceClient(conn)
	for _, check := range []bool{true, false} {
		at := 0
		for part := range slices.Chunk(rates, batch) {
			answer, err := client.BatchSetExchangeRates(ctx, &profilev1.BatchSetExchangeRatesRequest{ExchangeRates: part, ValidateOnly: check})
			if err != nil {
				return 0, err
			}
			if err := refusals(answer, at); err != nil {
				return 0, err
			}
			at += len(part)
		}
	}
	return len(rates), nil
}

// read reads the file. Rows are counted from 1, the header not among them.
func read(file io.Reader) ([]*profilev1.ExchangeRate, error) {
	text := bufio.NewReader(file)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = text.Discard(3)
	}
	rows := csv.NewReader(text)
	rows.TrimLeadingSpace = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, wrong("the file is empty; its first row must be %s", strings.Join(Columns, ","))
	}
	if err != nil {
		return nil, wrong("%v", err)
	}
	place, err := columns(header)
	if err != nil {
		return nil, err
	}
	var rates []*profilev1.ExchangeRate
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, wrong("%v", err)
		}
		cell := func(column string) string {
			at, ok := place[column]
			if !ok {
				return ""
			}
			return strings.TrimSpace(row[at])
		}
		start, err := time.Parse(time.DateOnly, cell("start_date"))
		if err != nil {
			return nil, wrong("row %d, start_date: must be a date as 2026-01-31, is %q", len(rates)+1, cell("start_date"))
		}
		rates = append(rates, &profilev1.ExchangeRate{
			FromCurrencyCode: strings.ToUpper(cell("from")), ToCurrencyCode: strings.ToUpper(cell("to")),
			StartDate: &date.Date{Year: int32(start.Year()), Month: int32(start.Month()), Day: int32(start.Day())},
			Rate:      cell("rate"), Source: cell("source"),
		})
		if f := shape(rates[len(rates)-1]); f != "" {
			return nil, wrong("row %d, %s", len(rates), f)
		}
	}
	if len(rates) == 0 {
		return nil, wrong("the file has no rows below its header")
	}
	return rates, nil
}

// shape is what would make the server refuse the call as a whole.
func shape(r *profilev1.ExchangeRate) string {
	const code = "must be a currency as USD, is %q"
	switch {
	case len(r.GetFromCurrencyCode()) != 3:
		return "from: " + fmt.Sprintf(code, r.GetFromCurrencyCode())
	case len(r.GetToCurrencyCode()) != 3:
		return "to: " + fmt.Sprintf(code, r.GetToCurrencyCode())
	case r.GetRate() == "" || strings.Trim(r.GetRate(), "0123456789.") != "":
		return fmt.Sprintf("rate: must be a decimal as 7.0288, is %q", r.GetRate())
	case len([]rune(r.GetSource())) > 256:
		return "source: must have at most 256 characters"
	}
	return ""
}

// columns tells where each column of the header is.
func columns(header []string) (map[string]int, error) {
	place := make(map[string]int)
	for at, title := range header {
		title = strings.ToLower(strings.TrimSpace(title))
		if !slices.Contains(Columns, title) {
			return nil, wrong("column %q is none of %s", title, strings.Join(Columns, ", "))
		}
		if _, twice := place[title]; twice {
			return nil, wrong("column %q is there twice", title)
		}
		place[title] = at
	}
	for _, needed := range Columns[:4] {
		if _, ok := place[needed]; !ok {
			return nil, wrong("column %q is missing; the first row must be %s", needed, strings.Join(Columns, ","))
		}
	}
	return place, nil
}

// refusals names the rows that were refused, of a part that begins behind a row.
func refusals(answer *profilev1.BatchSetExchangeRatesResponse, behind int) error {
	const shown = 5
	var all []string
	for i, status := range answer.GetStatuses() {
		if status.GetCode() != 0 {
			all = append(all, fmt.Sprintf("row %d: %s", behind+i+1, status.GetMessage()))
		}
	}
	if len(all) == 0 {
		return nil
	}
	more := ""
	if len(all) > shown {
		more = fmt.Sprintf("\nand %d more", len(all)-shown)
		all = all[:shown]
	}
	return wrong("%s%s", strings.Join(all, "\n"), more)
}
