package comparison

import (
	"cmp"
	"math"
	"slices"
)

// Frequent is what is counted.
type Frequent string

// What is counted.
const (
	ByName    Frequent = "name"    // a form of a name, see Prepared.NameForms
	ByPhone   Frequent = "phone"   // PhoneKey
	ByEmail   Frequent = "email"   // local part
	ByAddress Frequent = "address" // key of an address
	ByCity    Frequent = "city"
)

// unseen is how many more bear a value than are counted besides the two: other
// people who have the same name, number or address, though nobody else in the
// base does. Most homes have several inhabitants; one phone number in five is
// given by two; somebody else with the name is taken to be out there.
var unseen = map[Frequent]float64{ByName: 1, ByPhone: 0.2, ByEmail: 0.1, ByAddress: 1, ByCity: 1}

// Population is the customers in whom two records were found.
type Population interface {
	// Size is how many there are.
	Size() int64
	// Bearers is how many of them have the value.
	Bearers(kind Frequent, value string) int64
}

// Reason is what one field says.
type Reason struct {
	Field Field
	Level Level
	Bits  float64
}

// Result is what comparing two records came to.
type Result struct {
	Score   float64 // probability, 0 to 1
	Bits    float64 // Prior and those of the reasons, added up
	Prior   float64
	Reasons []Reason // the strongest evidence first
}

// expected is how many other records of the same customer a record has, in the
// mean: one in three, as in a base that was never cleaned.
const expected = 1.0 / 3

// Prior is log2 of the odds that a record and any other one are one customer's:
// expected/(n−1). A coincidence is likelier among more customers.
func Prior(n int64) float64 { return math.Log2(expected / float64(atLeast(n)-1)) }

// atLeast takes a base of a few customers for a part of one of a thousand: among
// three of them nothing is known of how common anything is.
func atLeast(n int64) int64 { return max(n, 1000) }

// Score compares two records within a population.
//
// Three rules stand in for what the fields have to do with each other:
//
//   - Phone, address and device go together: who shares a home or an office shares
//     them. Where two agree the weaker counts half, a third a quarter. What differs of phone, e-mail and
//     address goes together as well, since an old record is old in all: the
//     strongest counts in full, the next half, the third a quarter.
//   - Where the names differ in the given name, a phone number and an address in
//     common speak of a household or an office at least as much as of one
//     person: they count half. So they do where the names differ at all and
//     another birth date or gender says the same: relatives' names are alike.
//     Where the given names differ in all, or in part and the gender with them,
//     the same birth date beside them counts half too, which twins have. E-mail
//     addresses and accounts are people's own.
//   - Names go with places: beside the same name the same city counts half.
func Score(a, b *Prepared, in Population) Result {
	s := sum{in: in}
	if a.kind != Unknown && b.kind != Unknown && a.kind != b.kind {
		s.add(FieldKind, agreement{level: Different})
	}
	var names Level
	if a.name.known() && b.name.known() {
		found := compareNames(&a.name, &b.name, a.kind == Organisation && b.kind == Organisation)
		names = found.level
		s.add(FieldName, found)
	}
	if a.birth != (Date{}) && b.birth != (Date{}) {
		s.add(FieldBirth, agreement{level: compareDates(a.birth, b.birth)})
	}
	s.equal(FieldGender, a.gender, b.gender)
	strangers, otherName := s.relatives(names)
	at := len(s.reasons)
	s.contacts(a, b)
	if together(s.reasons[at:], strangers) && otherName {
		s.twins()
	}
	if len(a.addresses) == 0 || len(b.addresses) == 0 { // or the city would count twice
		s.equal(FieldCity, a.city, b.city)
		s.nameAndCity()
	}
	return s.result()
}

type sum struct {
	in      Population
	reasons []Reason
}

func (s *sum) add(field Field, found agreement) {
	w, ok := Lookup(field, found.level)
	if !ok {
		return
	}
	share := 0.0
	if w.Times > 0 {
		var bearers int64
		for _, value := range found.value {
			bearers = max(bearers, s.in.Bearers(found.kind, value))
		}
		n := s.in.Size()
		share = float64(max(bearers-2, 0))/float64(max(n-1, 1)) + unseen[found.kind]/float64(atLeast(n)-1)
	}
	s.reasons = append(s.reasons, Reason{field, found.level, w.Bits(share)})
}

func (s *sum) equal(field Field, a, b string) {
	switch {
	case a == "" || b == "":
	case a == b:
		s.add(field, agreement{Exact, ByCity, []string{a}})
	default:
		s.add(field, agreement{level: Different})
	}
}

// nameAndCity halves what the same city says beside the same name.
func (s *sum) nameAndCity() {
	named := slices.ContainsFunc(s.reasons, func(r Reason) bool { return r.Field == FieldName && r.Bits > 0 })
	for i := range s.reasons {
		if r := &s.reasons[i]; named && r.Field == FieldCity && r.Bits > 0 {
			r.Bits /= 2
		}
	}
}

// relatives reports whether the names, with birth date and gender, are as likely
// those of two people of one home, and whether they leave nothing of one person.
func (s *sum) relatives(names Level) (strangers, otherName bool) {
	contradicted := slices.ContainsFunc(s.reasons, func(r Reason) bool {
		return (r.Field == FieldBirth || r.Field == FieldGender) && r.Level == Different
	})
	switch names {
	case Different, Surname:
		return true, true
	case Partial:
		return true, contradicted
	case Near, GivenName:
		return contradicted, false
	}
	return false, false
}

func (s *sum) contacts(a, b *Prepared) {
	if len(a.phones) > 0 && len(b.phones) > 0 {
		s.add(FieldPhone, comparePhones(a.phones, b.phones))
	}
	if len(a.emails) > 0 && len(b.emails) > 0 {
		s.add(FieldEmail, compareEmails(a.emails, b.emails))
	}
	if len(a.addresses) > 0 && len(b.addresses) > 0 {
		s.add(FieldAddress, compareAddresses(a.addresses, b.addresses))
	}
	if slices.ContainsFunc(a.accounts, func(x string) bool { return slices.Contains(b.accounts, x) }) {
		s.add(FieldAccount, agreement{level: Exact})
	}
	if slices.ContainsFunc(a.devices, func(x string) bool { return slices.Contains(b.devices, x) }) {
		s.add(FieldDevice, agreement{level: Exact})
	}
}

// together weakens the evidence of contacts, as Score says, and reports whether
// the two have a phone number or an address in common.
func together(reasons []Reason, strangers bool) (home bool) {
	slices.SortStableFunc(reasons, func(x, y Reason) int { return cmp.Compare(math.Abs(y.Bits), math.Abs(x.Bits)) })
	household, differing := 1.0, 1.0
	if strangers {
		household = 0.5
	}
	for i := range reasons {
		r := &reasons[i]
		switch {
		case r.Bits < 0:
			r.Bits *= differing
			differing /= 2
		case r.Field == FieldPhone || r.Field == FieldAddress || r.Field == FieldDevice:
			r.Bits *= household
			household /= 2
			home = true
		}
	}
	return home
}

// twins halves what the same birth date says.
func (s *sum) twins() {
	for i := range s.reasons {
		if r := &s.reasons[i]; r.Field == FieldBirth && r.Bits > 0 {
			r.Bits /= 2
		}
	}
}

func (s *sum) result() Result {
	r := Result{Prior: Prior(s.in.Size()), Reasons: s.reasons}
	r.Bits = r.Prior
	for _, reason := range s.reasons {
		r.Bits += reason.Bits
	}
	r.Score = 1 / (1 + math.Exp2(-r.Bits))
	slices.SortStableFunc(r.Reasons, func(x, y Reason) int { return cmp.Compare(math.Abs(y.Bits), math.Abs(x.Bits)) })
	return r
}
