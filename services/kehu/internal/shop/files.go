package shop

import (
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Names of the files that WriteFiles writes.
const (
	CustomersFile = "customers.csv"
	OrdersFile    = "orders.csv"
	ItemsFile     = "items.csv"
	RatesFile     = "rates.csv"
	AnswersFile   = "answers.csv"
	ReferralsFile = "referrals.csv"
	LabelsFile    = "labels.csv"
	TruthFile     = "truth.json"
)

// WriteFiles writes the whole shop into dir, which must exist; files of the same
// names are replaced. Errors are those of the file system.
func (s *Shop) WriteFiles(dir string) error {
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{CustomersFile, s.WriteCustomers}, {OrdersFile, s.WriteOrders}, {ItemsFile, s.WriteItems}, {RatesFile, s.WriteRates}, {AnswersFile, s.WriteAnswers},
		{ReferralsFile, s.WriteReferrals}, {LabelsFile, s.WriteLabels}, {TruthFile, s.WriteTruth},
	} {
		if err := writeFile(filepath.Join(dir, file.name), file.write); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// WriteCustomers writes customers.csv, dirty rows and second records among it.
func (s *Shop) WriteCustomers(w io.Writer) error {
	return writeRows(w, CustomerColumns, fieldsOf(s.customerRows()))
}

// WriteOrders writes orders.csv, dirty rows among it: customer by customer, each
// customer's orders in the order of their times.
func (s *Shop) WriteOrders(w io.Writer) error {
	return writeRows(w, OrderColumns, fieldsOf(s.orderRows()))
}

// WriteLabels writes which rows of the two files are dirty and how.
func (s *Shop) WriteLabels(w io.Writer) error {
	return writeRows(w, []string{"file", "row", "record", "kind", "remedy", "twin"}, each(s.Labels(), Label.fields))
}

// WriteAnswers writes the answers to the survey.
func (s *Shop) WriteAnswers(w io.Writer) error {
	header := []string{"customer_id", "score", "answer_time", "channel", "comment"}
	return writeRows(w, header, each(s.Answers(), func(a Answer) []string {
		return []string{a.CustomerID, strconv.Itoa(a.Score), a.Time.Format(time.RFC3339), a.Channel, a.Comment}
	}))
}

// WriteRates writes what the foreign currency was worth.
func (s *Shop) WriteRates(w io.Writer) error {
	return writeRows(w, []string{"from", "to", "start_date", "rate", "source"}, each(slices.Values(s.rates), func(r Rate) []string {
		return []string{r.From, r.To, r.Start.Format(time.DateOnly), r.Value, "made up"}
	}))
}

// WriteReferrals writes who brought whom.
func (s *Shop) WriteReferrals(w io.Writer) error {
	header := []string{"referrer_id", "referee_id", "invite_time", "join_time"}
	return writeRows(w, header, each(s.Referrals(), func(r Referral) []string {
		return []string{r.ReferrerID, r.RefereeID, r.Invited.Format(time.RFC3339), r.Joined.Format(time.RFC3339)}
	}))
}

func fieldsOf(rows iter.Seq[row]) iter.Seq[[]string] {
	return each(rows, func(r row) []string { return r.fields })
}

func each[T any](items iter.Seq[T], fields func(T) []string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for item := range items {
			if !yield(fields(item)) {
				return
			}
		}
	}
}

func writeRows(w io.Writer, header []string, rows iter.Seq[[]string]) error {
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return err
	}
	for fields := range rows {
		if err := c.Write(fields); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
