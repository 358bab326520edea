package events

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// trait is one trait of an identify event that the customer's record has a place for.
type trait struct {
	name  string // as in the traits, e.g. "address.city"
	field string // of the record, as faults name it
	taken domain.Details
	// set puts it into the record, where learning what is taken would lose
	// something; nil elsewhere.
	set func(*domain.Details)
}

// learn updates the customer with the traits of an identify event, in one write.
// It returns what was not taken and why. An event older than another identify
// event of the customer only fills gaps.
func (g *intake) learn(ctx context.Context, e *Event, given map[string]any) ([]*fault.Fault, error) {
	if g.types == nil {
		var err error
		if g.types, err = g.attributes.Types(ctx); err != nil {
			return nil, err
		}
	}
	traits, remarks := readTraits(given, g.types, g.received)
	late, err := g.late(ctx, e)
	if err != nil {
		return nil, err
	}
	for len(traits) > 0 {
		var places map[string]int // by field at fault, the trait
		_, err := g.customers.ChangeCustomer(ctx, e.Sender.ID, app.Change{AllowMissing: true}, func(c *domain.Customer) error {
			places = apply(c, traits, late)
			return nil
		})
		f, ok := fault.As(err)
		switch {
		case err == nil:
			return remarks, nil
		case !ok || !isCallers(f):
			return nil, err
		}
		kept := traits[:0]
		for at, t := range traits {
			if blamed(f, t, places, at) {
				remarks = append(remarks, notTaken(t.name, f))
			} else {
				kept = append(kept, t)
			}
		}
		if len(kept) == len(traits) { // nothing to blame: none of them can be taken
			for _, t := range traits {
				remarks = append(remarks, notTaken(t.name, f))
			}
			return remarks, nil
		}
		traits = kept
	}
	return remarks, nil
}

// isCallers tells a fault that is the sender's from one that may pass.
func isCallers(f *fault.Fault) bool {
	switch f.Kind {
	case fault.InvalidArgument, fault.AlreadyExists, fault.FailedPrecondition, fault.Aborted:
		return true
	}
	return false
}

// apply puts traits into a customer. It returns which trait stands at which field.
func apply(c *domain.Customer, traits []trait, gapsOnly bool) map[string]int {
	places := make(map[string]int, len(traits))
	known := c.Details
	for at, t := range traits {
		if t.set != nil {
			t.set(&c.Details)
		} else {
			c.Learn(&t.taken)
		}
		field := t.field
		if field == "identifiers" {
			n := slices.Index(c.Identifiers, t.taken.Identifiers[0])
			field = fmt.Sprintf("identifiers[%d].value", n)
		}
		places[field] = at
	}
	if gapsOnly {
		c.Learn(&known) // what is known wins
	}
	return places
}

// blamed reports whether a fault is about the trait at a place.
func blamed(f *fault.Fault, t trait, places map[string]int, at int) bool {
	return slices.ContainsFunc(f.Violations, func(v fault.Violation) bool {
		place, found := places[v.Field]
		return v.Field == t.field || found && place == at
	})
}

func notTaken(name string, f *fault.Fault) *fault.Fault {
	description := f.Message
	if len(f.Violations) > 0 {
		description = f.Violations[0].Description
	}
	remark := *fault.New(f.Kind, f.Reason, "properties.%s: %s", name, description)
	remark.Violations = []fault.Violation{{Field: "properties." + name, Description: description}}
	return &remark
}

// late reports whether the customer has said who they are later than in e.
func (g *intake) late(ctx context.Context, e *Event) (bool, error) {
	if g.newest[e.Sender.ID].After(e.Time) {
		return true, nil
	}
	g.newest[e.Sender.ID] = e.Time
	q := Query{Types: []Type{Identify}, Newest: true, Limit: 1}
	for newest, err := range g.store.Timeline(ctx, []Identity{e.Sender}, q) {
		return err == nil && newest.Time.After(e.Time), err
	}
	return false, nil
}

// readTraits reads what the customer's record has a place for; the other traits
// stay with the event. It reports those that it has a place for and that are
// not fit for it, and those it has none for.
func readTraits(given map[string]any, types map[string]domain.ValueType, now time.Time) ([]trait, []*fault.Fault) {
	r := &traitReader{now: now}
	person := reader{given: given, used: map[string]bool{"id": true}}
	if v := person.text("email"); v != "" {
		r.add("email", "identifiers", identified(domain.Email, v), nil)
	}
	if v := person.text("phone"); v != "" {
		r.add("phone", "identifiers", identified(domain.Phone, v), nil)
	}
	first, last := person.text("firstName"), person.text("lastName")
	if v := person.text("name"); v != "" {
		r.add("name", "display_name", domain.Details{DisplayName: v}, nil)
	} else if v := fullName(first, last); v != "" {
		r.add("firstName", "display_name", domain.Details{DisplayName: v}, nil)
	}
	if v := person.text("gender"); v != "" {
		gender, f := readGender(v)
		r.add("gender", "gender", domain.Details{Gender: gender}, f)
	}
	if v := person.text("birthday"); v != "" {
		birth, f := readBirthday(v)
		r.add("birthday", "birth_date", domain.Details{BirthDate: birth}, f)
	}
	if v := person.text("title"); v != "" {
		r.add("title", "occupation", domain.Details{Occupation: v}, nil)
	}
	address := reader{used: map[string]bool{}}
	if fields, ok := given["address"].(map[string]any); ok {
		person.used["address"], address.given = true, fields
		r.address(&address)
	}
	r.own(&person, types)
	return r.traits, append(append(r.remarks, person.rest("")...), address.rest("address.")...)
}

// traitReader gathers traits, and remarks on those that are not fit.
type traitReader struct {
	now     time.Time
	traits  []trait
	remarks []*fault.Fault
}

// add adds a trait and reports whether it is fit for the record.
func (r *traitReader) add(name, field string, d domain.Details, f *fault.Fault) bool {
	if f == nil {
		check := domain.Customer{ID: "x", Details: d} // any id: it is not the trait's
		f, _ = fault.As(check.Normalize(r.now))
		d = check.Details
	}
	if f != nil {
		r.remarks = append(r.remarks, notTaken(name, f))
		return false
	}
	r.traits = append(r.traits, trait{name: name, field: field, taken: d})
	return true
}

// addressLabel tells the address that identify events keep from those that others do.
const addressLabel = "identify"

// address reads a postal address, and where the customer lives with it.
func (r *traitReader) address(given *reader) {
	postal := domain.PostalAddress{Label: addressLabel, Line: given.text("street"), PostalCode: given.text("postalCode")}
	if v := given.text("country"); v != "" && r.add("address.country", "country", domain.Details{Country: domain.Country(v)}, nil) {
		postal.Country = r.traits[len(r.traits)-1].taken.Country
	}
	if v := given.text("state"); v != "" && r.add("address.state", "region", domain.Details{Region: v}, nil) {
		postal.Region = v
	}
	if v := given.text("city"); v != "" && r.add("address.city", "city", domain.Details{City: v}, nil) {
		postal.City = v
	}
	if postal.Line == "" && postal.PostalCode == "" {
		return
	}
	if r.add("address", "postal_addresses", domain.Details{PostalAddresses: []domain.PostalAddress{postal}}, nil) {
		r.traits[len(r.traits)-1].set = func(d *domain.Details) {
			others := slices.DeleteFunc(slices.Clone(d.PostalAddresses), func(a domain.PostalAddress) bool { return a.Label == addressLabel })
			d.PostalAddresses = append(others, postal)
		}
	}
}

func identified(kind domain.IdentifierType, value string) domain.Details {
	return domain.Details{Identifiers: []domain.Identifier{{Type: kind, Value: value}}}
}

// reader reads traits and remembers which.
type reader struct {
	given map[string]any
	used  map[string]bool
}

func (r *reader) text(name string) string {
	if v, ok := r.given[name].(string); ok {
		r.used[name] = true
		return strings.TrimSpace(v)
	}
	if v, ok := r.given[name].(float64); ok {
		r.used[name] = true
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// rest remarks on the traits that nobody has read, in the order of their names.
func (r *reader) rest(prefix string) (remarks []*fault.Fault) {
	var names []string
	for name, value := range r.given {
		if !r.used[name] && value != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), maxRemarks)] {
		f := fault.Invalid("properties."+prefix+clip(name), "is kept with the event; the customer's record has no field for it")
		f.Reason = "TRAIT_NOT_MAPPED"
		remarks = append(remarks, f)
	}
	return remarks
}

// maxRemarks bounds what is said about the traits of one event.
const maxRemarks = 50

func clip(name string) string {
	if len(name) > 64 {
		return strings.ToValidUTF8(name[:64], "") + "…"
	}
	return name
}

// fullName joins the parts of a name: a Chinese surname comes first, without a space.
func fullName(first, last string) string {
	if isHan(first) && isHan(last) {
		return last + first
	}
	return strings.TrimSpace(first + " " + last)
}

func isHan(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < 0x2E80 }) < 0
}

func readGender(v string) (domain.Gender, *fault.Fault) {
	switch strings.ToLower(v) {
	case "f", "female", "woman", "女":
		return domain.Female, nil
	case "m", "male", "man", "男":
		return domain.Male, nil
	case "other", "o", "diverse", "non-binary", "其他":
		return domain.OtherGender, nil
	}
	return "", fault.Invalid("gender", "must be female, male or other")
}

// readBirthday reads a date, alone or at the start of a time as Date.toISOString
// writes it.
func readBirthday(v string) (domain.BirthDate, *fault.Fault) {
	if len(v) > 10 && v[10] == 'T' {
		v = v[:10]
	}
	birth, err := domain.ParseBirthDate(v)
	f, _ := fault.As(err)
	return birth, f
}
