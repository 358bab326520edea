package shop

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// Remedy is what a careful importer does with a row.
type Remedy string

// The remedies.
const (
	Reject Remedy = "reject" // the row cannot be read; it is not part of the truth
	Repair Remedy = "repair" // the row means what the truth says, written badly
	Drop   Remedy = "drop"   // the row is good without the field at fault
	Repeat Remedy = "repeat" // the row says again what the row before it said
	Merge  Remedy = "merge"  // the record is a second one of the customer in Twin
)

// Label says what is wrong with a row.
type Label struct {
	File   string // name of the file
	Row    int    // number of the row, the first after the header being 1
	Record string // id of the customer or order; "" where the row has lost it
	Kind   string // e.g. "negative_amount"
	Remedy Remedy
	Twin   string // with Merge: id of the first record
}

// flaw is one way to spoil a row. spoil returns the spoilt fields, or nil where
// the row has nothing to spoil.
type flaw struct {
	kind   string
	remedy Remedy
	spoil  func(fields []string, rng *rand.Rand) []string
}

// set is a flaw that rewrites one column.
func set(kind string, remedy Remedy, column int, rewrite func(old string, rng *rand.Rand) string) flaw {
	return flaw{kind, remedy, func(fields []string, rng *rand.Rand) []string {
		if fields[column] == "" {
			return nil
		}
		fields[column] = rewrite(fields[column], rng)
		return fields
	}}
}

// anyOf rewrites to one of the values.
func anyOf(values ...string) func(string, *rand.Rand) string {
	return func(_ string, rng *rand.Rand) string { return values[rng.IntN(len(values))] }
}

// sameAs rewrites by a rule without chance.
func sameAs(rule func(string) string) func(string, *rand.Rand) string {
	return func(old string, _ *rand.Rand) string { return rule(old) }
}

var ragged = flaw{"ragged_row", Reject, func(fields []string, rng *rand.Rand) []string {
	if rng.Float64() < 0.5 {
		return append(fields, "", "?")
	}
	return fields[:2+rng.IntN(2)]
}}

var orderFlaws = []flaw{
	set("bad_date", Reject, orderTime, anyOf("2024-02-30", "昨天", "2024-13-01", "0000-00-00")),
	set("british_date", Reject, orderTime, sameAs(func(t string) string { return t[8:10] + "/" + t[5:7] + "/" + t[:4] })),
	set("negative_amount", Reject, orderAmount, sameAs(func(a string) string { return "-" + a })),
	set("amount_not_a_number", Reject, orderAmount, anyOf("N/A", "一百元", "1.2.3", "NaN")),
	set("unknown_currency", Reject, orderCurrency, anyOf("XQQ", "人民", "$$")),
	ragged,
	set("missing_customer", Reject, orderCustomer, anyOf("")),
	set("missing_currency", Repair, orderCurrency, anyOf("")),
	set("lower_case_currency", Repair, orderCurrency, sameAs(strings.ToLower)),
	set("full_width_digits", Repair, orderAmount, sameAs(fullWidth)),
	set("padded", Repair, orderAmount, sameAs(func(a string) string { return "  " + a + " " })),
	set("slash_date", Repair, orderTime, sameAs(func(t string) string { return t[:4] + "/" + t[5:7] + "/" + t[8:10] })),
	set("chinese_date", Repair, orderTime, sameAs(func(t string) string { return t[:4] + "年" + t[5:7] + "月" + t[8:10] + "日" })),
	{"repeated_row", Repeat, func(fields []string, _ *rand.Rand) []string { return fields }},
}

var customerFlaws = []flaw{
	set("masked_phone", Drop, customerPhone, sameAs(masked)),
	set("virtual_phone", Drop, customerPhone, func(_ string, rng *rand.Rand) string {
		return "18400001111" + []string{"-", "转"}[rng.IntN(2)] + digits(4, rng)
	}),
	set("full_width_phone", Repair, customerPhone, sameAs(func(p string) string { return fullWidth(p[3:]) })),
	set("spaced_phone", Repair, customerPhone, func(p string, rng *rand.Rand) string { return reformatted(p, rng) }),
	set("bad_birth_date", Drop, customerBirth, anyOf("1990-02-30", "九零后", "1985-00-12")),
	set("future_birth_date", Drop, customerBirth, anyOf("2190-05-06", "9999-12-31")),
	set("bad_email", Drop, customerEmail, sameAs(func(e string) string { return e[:strings.IndexByte(e, '@')+1] })),
	set("padded_name", Repair, customerName, sameAs(func(n string) string { return " " + n + "\u3000" })),
	ragged,
	set("missing_customer", Reject, customerID, anyOf("")),
}

// damage returns the rows to write in place of the good row of record id. A row
// that cannot be read comes after the good one and has an id of its own, so that
// the truth stays whole; one that needs repair, or loses a field, replaces it.
func damage(flaws []flaw, id string, clean []string, rng *rand.Rand) []row {
	f := flaws[rng.IntN(len(flaws))]
	spoilt := f.spoil(slices.Clone(clean), rng)
	if spoilt == nil {
		return []row{{fields: clean}}
	}
	label := &Label{Record: id, Kind: f.kind, Remedy: f.remedy}
	switch f.remedy {
	case Reject:
		if spoilt[0] == id { // unless the flaw is that it has none
			spoilt[0] = id + "X"
		}
		label.Record = spoilt[0]
		return []row{{fields: clean}, {spoilt, label}}
	case Repeat:
		return []row{{fields: clean}, {spoilt, label}}
	default:
		return []row{{spoilt, label}}
	}
}

// fullWidth writes the digits and the point as Chinese input methods do.
func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return r - '0' + '０'
		}
		return r
	}, s)
}

func digits(n int, rng *rand.Rand) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = '0' + byte(rng.IntN(10))
	}
	return string(out)
}
