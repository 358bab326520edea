package comparison

import "fmt"

// Key is something that two records of one customer are likely to have in
// common: those that share none are not compared.
type Key struct {
	Kind  string // "phone", "email", "name", "name_city", "name_year", "birth_date", "address", "account", "device" or "city"
	Value string
}

// Blocks reports whether the customers who share a key of this kind are to be
// compared. Those of a city are only counted.
func (k Key) Blocks() bool { return k.Kind != string(ByCity) }

// Keys are those of a record, each once. The values of the kinds that Frequent
// names are the ones whose shares Score asks for.
func (p *Prepared) Keys() []Key {
	var keys []Key
	seen := map[Key]bool{}
	add := func(kind, value string) {
		if k := (Key{kind, value}); value != "" && !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	for _, phone := range p.phones {
		add(string(ByPhone), PhoneKey(phone))
	}
	for _, e := range p.emails {
		add(string(ByEmail), e.local)
	}
	for _, a := range p.addresses {
		add(string(ByAddress), a.key)
	}
	for _, account := range p.accounts {
		add("account", account)
	}
	for _, device := range p.devices {
		add("device", device)
	}
	add(string(ByCity), p.city)
	for _, form := range p.name.forms {
		add(string(ByName), form)
		if p.city != "" {
			add("name_city", form+"|"+p.city)
		}
		if p.birth.Year != 0 {
			add("name_year", fmt.Sprintf("%s|%d", form, p.birth.Year))
		}
	}
	if p.birth.Year != 0 {
		// In the order of size, so that swapping day and month changes nothing.
		add("birth_date", fmt.Sprintf("%d|%d|%d", p.birth.Year, min(p.birth.Month, p.birth.Day), max(p.birth.Month, p.birth.Day)))
	}
	return keys
}
