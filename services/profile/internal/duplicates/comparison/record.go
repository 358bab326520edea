// Package comparison tells how probable it is that two records are of one
// customer. It compares values and knows nothing of where they are kept.
//
// The score follows Fellegi and Sunter ("A Theory for Record Linkage", Journal
// of the American Statistical Association 64, 1969). A field that is compared
// comes out at a level of agreement γ, which is worth
//
//	w(γ) = log2 m(γ)/u(γ)   bits
//
// where m is the probability of that level among pairs of records of one
// customer and u that among pairs of two. The weights of the fields and of the
// prior, w₀ = log2 of the odds that any two records are one customer's, are
// added up, and the score is the probability
//
//	p = 2^W / (1 + 2^W),   W = w₀ + Σ w(γ)
//
// Agreement on a rare value says more than agreement on a common one: for
// names, phone numbers, e-mail addresses and postal addresses u is the share of
// the customers, the two left out, who have that value (Winkler, "Frequency-Based
// Matching in the Fellegi-Sunter Model of Record Linkage", US Bureau of the
// Census, 2000).
// Table holds the levels with their m and u; Score says which fields are not
// independent of each other and what is done about it.
package comparison

import "strings"

// Kind is what sort of customer a record is of.
type Kind int

// The kinds.
const (
	Unknown Kind = iota
	Person
	Organisation
)

// Record is what is compared of a customer. Whatever is not known is empty.
type Record struct {
	Kind      Kind
	Name      string
	Gender    string // compared for equality only
	Birth     Date
	Region    string // province or state
	City      string
	Phones    []string // E.164; neither masked nor stand-ins, which are no evidence
	Emails    []string // normalised
	Addresses []Address
	Accounts  []string // e.g. "weibo/fang"; compared for equality only
	Devices   []string // their ids, of whatever app; compared for equality only
}

// Date is a calendar date; year 0 where only month and day are known, the zero
// value where nothing is.
type Date struct{ Year, Month, Day int }

// Address is a postal address: region and city by themselves, and all else.
type Address struct{ Region, City, Line string }

// Prepared is a record with what comparing it many times needs.
type Prepared struct {
	kind      Kind
	name      name
	gender    string
	birth     Date
	city      string
	phones    []string
	emails    []email
	addresses []place
	accounts  []string
	devices   []string
}

// Prepare brings a record into the form in which it is compared.
func Prepare(r Record) *Prepared {
	p := &Prepared{kind: r.Kind, gender: r.Gender, birth: r.Birth, phones: r.Phones, accounts: r.Accounts, devices: r.Devices}
	if p.kind == Unknown && namesOrganisation(r.Name) {
		p.kind = Organisation
	}
	if p.kind == Organisation {
		p.name = readOrganisation(r.Name, r.City)
	} else {
		p.name = readName(r.Name)
	}
	p.city = cityName(r.City)
	for _, e := range r.Emails {
		if address, ok := readEmail(e); ok {
			p.emails = append(p.emails, address)
		}
	}
	for _, a := range r.Addresses {
		if a.City == "" {
			a.Region, a.City = r.Region, r.City
		}
		if where := readPlace(a); where.key != "" {
			p.addresses = append(p.addresses, where)
		}
		if p.city == "" {
			p.city = cityName(a.City)
		}
	}
	return p
}

// cityName drops what some write behind a city's name and others do not.
func cityName(s string) string {
	s = fold(s)
	s = strings.TrimSuffix(s, " city")
	if trimmed := strings.TrimSuffix(s, "市"); len(trimmed) >= len("北京") {
		return trimmed
	}
	return s
}

// email is an address in its two parts. A role is an address of a function
// (info@…), which says nothing of who reads it.
type email struct {
	local, domain string
	role          bool
}

var roles = map[string]bool{
	"info": true, "admin": true, "service": true, "sales": true, "contact": true, "office": true, "support": true,
	"mail": true, "hr": true, "kefu": true, "test": true, "noreply": true, "no-reply": true, "none": true, "na": true,
}

func readEmail(address string) (email, bool) {
	local, domain, ok := strings.Cut(fold(address), "@")
	return email{local, domain, roles[local]}, ok && local != "" && domain != ""
}
