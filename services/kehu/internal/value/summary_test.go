package value

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
)

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "summary.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func opened(t *testing.T, text string) *Summary {
	t.Helper()
	s, err := OpenSummary(written(t, text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSummaryOfOthersNames(t *testing.T) {
	for _, text := range []string{
		"ID,x,t_x,T,zbar\n1,2,30.43,38.86,22.35\n",
		"\ufeffid;frequency;recency;T;monetary_value\r\n1;2;30.43;38.86;22.35\r\n",
		"T\tx\tt_x\tspend\tcustomer_id\tx_hold\n38.86\t2\t30.43\t22.35\t1\t0\n",
	} {
		s := opened(t, text)
		err := s.Each(func(row Row) error {
			if want := (Row{Number: 1, ID: "1", X: 2, TX: 30.43, T: 38.86, Spend: 22.35, HasSpend: true}); row != want {
				t.Errorf("%+v of %q", row, text)
			}
			return nil
		})
		if err != nil || s.Rows.Read != 1 || s.Rows.Refused != 0 {
			t.Errorf("%q: %v, %+v", text, err, s.Rows)
		}
	}
}

func TestSummaryRowsThatAreRefused(t *testing.T) {
	const header = "x,t_x,T,spend\n"
	for row, want := range map[string]struct{ column, reason string }{
		"1.5,2,3,4":       {"x", "VALUE_INVALID"},
		"-1,2,3,4":        {"x", "VALUE_INVALID"},
		"NaN,2,3,4":       {"x", "VALUE_INVALID"},
		"9e99,2,3,4":      {"x", "VALUE_INVALID"},
		"1,Inf,3,4":       {"t_x", "VALUE_INVALID"},
		"1,0x1p3,3,4":     {"t_x", "VALUE_INVALID"},
		"1,4,3,4":         {"t_x", "INVALID_FIELD"},
		"0,1,3,4":         {"t_x", "INVALID_FIELD"},
		"1,0,3,4":         {"t_x", "INVALID_FIELD"},
		"1,1,-3,4":        {"T", "INVALID_FIELD"},
		"1,1,,4":          {"T", "VALUE_INVALID"},
		"1,2,3,nan":       {"spend", "VALUE_INVALID"},
		"1,2,3,1e300":     {"spend", "INVALID_FIELD"},
		"1,2,3":           {"", "ROW_FIELD_COUNT"},
		"1,2,3,4,5":       {"", "ROW_FIELD_COUNT"},
		"1,2,3,\"4\" sub": {"", "ROW_MALFORMED"},
		"2147483648,2,3,": {"x", "VALUE_INVALID"},
		"1,2,3,１２":        {"spend", "VALUE_INVALID"},
	} {
		s := opened(t, header+"1,2,3,4\n"+row+"\n0,0,3,\n")
		sample, err := FromSummary(s, 0)
		if err != nil {
			t.Fatal(err)
		}
		if sample.Population.Customers != 2 || s.Rows.Refused != 1 || s.Rows.First[0].Row != 2 {
			t.Errorf("%q: %+v of %+v", row, s.Rows, sample.Population)
			continue
		}
		if got := s.Rows.First[0]; got.Column != want.column || got.Reason != want.reason || got.Message == "" {
			t.Errorf("%q: %+v", row, got)
		}
	}
}

func TestSummariesThatCannotBeRead(t *testing.T) {
	for text, reason := range map[string]string{
		"":                           "FILE_EMPTY",
		"\n\n":                       "FILE_EMPTY",
		"x,t_x\n1,2\n":               "FILE_COLUMN_MISSING",
		"x,frequency,t_x,T\n1,1,2,3": "FILE_COLUMN_TWICE",
		"PK\x03\x04garbage":          "FILE_COLUMN_MISSING",
		"x,t_x,\"T\n1,2,3\n":         "FILE_MALFORMED",
	} {
		if _, err := OpenSummary(written(t, text)); fault.ReasonOf(err) != reason {
			t.Errorf("%q: %v, want %s", text, err, reason)
		}
	}
	if _, err := OpenSummary(t.TempDir()); fault.ReasonOf(err) != "FILE_MALFORMED" {
		t.Errorf("a folder: %v", err)
	}
	if _, err := OpenSummary(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for text, reason := range map[string]string{
		"x,t_x,T\n":              "NO_CUSTOMERS",
		"x,t_x,T\n1,2\n-1,0,1\n": "ROW_FIELD_COUNT",
		"x,t_x,T\n1,2,\"" + strings.Repeat("x", 3<<20): "ROW_TOO_LONG",
	} {
		if _, err := FromSummary(opened(t, text), 0); fault.ReasonOf(err) != reason {
			t.Errorf("%.40q: %v, want %s", text, err, reason)
		}
	}
}

// What is degenerate is refused with a reason, and no model of it is printed.
func TestDegenerateSummaries(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		reasons [4]string // by Models; empty is fitted
	}{
		"one customer":    {"x,t_x,T,spend\n3,2,3,4\n", [4]string{btyd.ReasonTooFewCustomers, btyd.ReasonTooFewCustomers, btyd.ReasonTooFewCustomers, btyd.ReasonTooFewRepeatBuyers}},
		"one-time buyers": {"x,t_x,T,spend\n" + strings.Repeat("0,0,30,0\n0,0,20,\n", 50), [4]string{btyd.ReasonNoRepeatObserved, btyd.ReasonNoRepeatObserved, btyd.ReasonNoRepeatObserved, btyd.ReasonNoRepeatObserved}},
		"all the same":    {"x,t_x,T,spend\n" + strings.Repeat("2,10,30,5\n", 100), [4]string{btyd.ReasonNoVariation, btyd.ReasonNoVariation, btyd.ReasonNoVariation, btyd.ReasonNoVariation}},
		"no spend":        {"x,t_x,T\n" + strings.Repeat("2,10,30\n", 100), [4]string{btyd.ReasonNoVariation, btyd.ReasonNoVariation, btyd.ReasonNoVariation, "SPEND_MISSING"}},
	} {
		sample, err := FromSummary(opened(t, c.text), 0)
		if err != nil {
			t.Fatal(name, err)
		}
		models, err := Fit(t.Context(), sample, Models, btyd.Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		for i, m := range models {
			if m.Fitted() || m.Converged || m.LogLikelihood != nil || len(m.Warnings) != 1 || m.Warnings[0].Reason != c.reasons[i] {
				t.Errorf("%s: %s is %+v, want %s", name, m.Model, m, c.reasons[i])
			}
		}
		if err := (&File{Models: models}).Err(); fault.ReasonOf(err) != c.reasons[0] {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSummary(f *testing.F) {
	for _, seed := range []string{
		"x,t_x,T,spend\n2,30.43,38.86,22.35\n", "x;t_x;T\n0;0;5\n1;\"2\n3;4;5\n", "\ufeffT\tx\tt_x\n1e308\t1\t1e-308\n",
		"x,t_x,T\n1,2,3,4\n\x00,\xff,\"\"\"\n", "x,t_x,T,id\n5000,38,38.9,=1+1\n",
	} {
		f.Add(seed)
	}
	models := someModels(ParetoNBD, MBGNBD, GammaGamma)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := newSummary(strings.NewReader(text))
		if err != nil {
			if fault.ReasonOf(err) == "" {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		p, err := NewPredictor(models, Terms{Horizon: 52, DiscountRate: 0.15})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := p.Predict(s, &out, "json", 80); err != nil && fault.ReasonOf(err) == "" {
			t.Fatalf("an error without a reason: %v", err)
		}
		if s.Rows.Refused > s.Rows.Read || int64(len(s.Rows.First)) > s.Rows.Refused {
			t.Fatalf("%+v\n%s", s.Rows, out.String())
		}
	})
}
