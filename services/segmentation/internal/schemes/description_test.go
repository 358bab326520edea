package schemes

import (
	"strings"
	"testing"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// Amounts are told in the major unit with their currency, also those that a scheme
// divides by in the minor one, and without where they are in several.
func TestAmountsAreToldWithTheirCurrency(t *testing.T) {
	described := func(currencies ...string) string {
		w := &work{}
		for _, name := range []string{"value.historic", "revenue.CNY"} {
			v, err := partition.Find("", name)
			if err != nil {
				t.Fatal(err)
			}
			w.columns = append(w.columns, newColumn(v, false))
		}
		minor := *w.columns[1].Variable
		minor.Name, minor.Label = "revenue_minor.CNY", "minor"
		w.columns[1] = newColumn(&minor, true)
		people := make([]*facts.Facts, 200)
		for i := range people {
			f := &facts.Facts{Customer: facts.Customer{ID: "c"}, Valued: true}
			f.Value = facts.Value{Known: true, Historic: facts.Money{Currency: currencies[i%len(currencies)], Minor: int64(i/100*400000 + 100000 + i)}}
			people[i] = f
			for _, c := range w.columns {
				c.note(f)
			}
		}
		p, err := newPortrait(w, 2)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range people {
			if err := p.add(i/100, f, []float64{f.Value.Historic.Major(), float64(i/100*900000 + 100000 + i)}); err != nil {
				t.Fatal(err)
			}
		}
		all, err := p.DescribeAll()
		if err != nil {
			t.Fatal(err)
		}
		return all[1].TextEn + all[1].TextZh
	}
	text := described("CNY")
	for _, want := range []string{"CNY 5,00", "CNY 1,00", "CNY 10,00", "5,00", "元"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "minor") || strings.Contains(text, "1,000,") {
		t.Errorf("the minor unit is told: %s", text)
	}
	if text := described("CNY", "USD"); strings.Contains(text, "CNY 5,00") {
		t.Errorf("amounts of two currencies are told in one: %s", text)
	}
}
