package shop

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// mutations are what can become of a field in a copy, with their weights among
// the changes of that field.
var mutations = map[string][]struct {
	kind   string
	weight float64
}{
	"name": {
		{"name_pinyin", 0.30}, {"name_swapped", 0.08}, {"name_homophone", 0.22}, {"name_typo", 0.10},
		{"name_spaced", 0.10}, {"name_title", 0.07}, {"name_initial", 0.03}, {"name_married", 0.10},
	},
	"phone":   {{"phone_masked", 0.30}, {"phone_missing", 0.25}, {"phone_other", 0.35}, {"phone_typo", 0.10}},
	"address": {{"address_rewritten", 0.35}, {"address_moved", 0.35}, {"address_missing", 0.30}},
	"birth":   {{"birth_missing", 0.65}, {"birth_swapped", 0.10}, {"birth_typo", 0.15}, {"birth_default", 0.10}},
	"email":   {{"email_missing", 0.50}, {"email_other", 0.50}},
	"gender":  {{"gender_missing", 0.80}, {"gender_wrong", 0.20}},
}

// mutable is the fields of which a copy changes some.
var mutable = []string{"name", "phone", "address", "birth", "email", "gender"}

// records writes somebody down once, twice or three times.
func (b *base) records(r resident) []DirtyRecord {
	rng := b.rng(streamCopies, r.person)
	first := b.write(r, rng)
	all := []DirtyRecord{first}
	copies := 0
	switch u := rng.Float64(); {
	case u < 0.02:
		copies = 2
	case u < 0.17:
		copies = 1
	}
	for n := range copies {
		all = append(all, b.copy(r, first, n+1, rng))
	}
	for i := range all {
		// Records of one person shall not stand next to each other.
		all[i].ID = fmt.Sprintf("D%016x", scramble(b.Seed^uint64(b.count)))
		b.count++
	}
	return all
}

// write is the first record: what a shop knows of somebody.
func (b *base) write(r resident, rng *rand.Rand) DirtyRecord {
	d := DirtyRecord{Person: r.person, Enterprise: r.enterprise, Name: r.name, Region: r.home.region, City: r.home.city}
	has := func(share float64) bool { return rng.Float64() < share }
	if has(b.Phone) {
		d.Phone = r.phone
	}
	if has(b.Address) {
		d.District, d.Address = r.home.district, r.home.line(rng.IntN(addressStyles))
	}
	if has(b.Email) {
		d.Email = r.email
	}
	if known := has(b.Gender); known && !r.enterprise {
		d.Gender = r.gender
	}
	if known := has(b.Birth); known && !r.enterprise {
		d.BirthDate = r.born
	}
	return d
}

// copy is a further record of somebody: one to four fields differ.
func (b *base) copy(r resident, first DirtyRecord, n int, rng *rand.Rand) DirtyRecord {
	d := first
	changes := 0
	for u := rng.Float64(); changes < len(b.Changes) && u >= 0; changes++ {
		u -= b.Changes[changes]
	}
	fields := slices.Clone(mutable)
	rng.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	for _, field := range fields[:changes] {
		u := rng.Float64()
		for _, m := range mutations[field] {
			if u -= m.weight; u < 0 {
				before := d
				b.change(&d, r, m.kind, n, rng)
				if d.differs(before) {
					d.Made = append(d.Made, m.kind)
				}
				break
			}
		}
	}
	return d
}

func (d DirtyRecord) differs(from DirtyRecord) bool {
	return d.Name != from.Name || d.Phone != from.Phone || d.Address != from.Address || d.City != from.City ||
		d.Email != from.Email || d.Gender != from.Gender || !d.BirthDate.Equal(from.BirthDate)
}

func (b *base) change(d *DirtyRecord, r resident, kind string, n int, rng *rand.Rand) {
	switch field, _, _ := strings.Cut(kind, "_"); field {
	case "name":
		d.Name = changedName(r, kind, rng)
	case "phone":
		b.changePhone(d, r, kind, n, rng)
	case "address":
		changeAddress(d, r, kind, rng)
	case "birth":
		d.BirthDate = changedDate(d.BirthDate, kind, rng)
	case "email":
		d.Email = ""
		if kind == "email_other" {
			d.Email = fmt.Sprintf("%s%02d@example.net", emailWord.Replace(strings.ToLower(r.pinyin[0])), rng.IntN(100))
		}
	case "gender":
		other := map[string]string{"female": "male", "male": "female"}
		if d.Gender = other[d.Gender]; kind != "gender_wrong" {
			d.Gender = ""
		}
	}
}

func (b *base) changePhone(d *DirtyRecord, r resident, kind string, n int, rng *rand.Rand) {
	switch {
	case d.Phone == "":
	case kind == "phone_masked":
		d.Phone = masked(d.Phone)
	case kind == "phone_missing":
		d.Phone = ""
	case kind == "phone_other":
		d.Phone = b.phone(r.person, n)
	default:
		at := 6 + rng.IntN(8)
		digit := (d.Phone[at]-'0'+byte(1+rng.IntN(9)))%10 + '0'
		d.Phone = d.Phone[:at] + string(rune(digit)) + d.Phone[at+1:]
	}
}

func changeAddress(d *DirtyRecord, r resident, kind string, rng *rand.Rand) {
	switch kind {
	case "address_missing":
		d.District, d.Address = "", ""
	case "address_moved":
		at := someHome(rng)
		for at.foreign != r.home.foreign {
			at = someHome(rng)
		}
		if rng.Float64() < 0.7 { // most people move within their city
			at.region, at.city = r.home.region, r.home.city
		}
		d.Region, d.City = at.region, at.city
		if d.Address != "" {
			d.District, d.Address = at.district, at.line(rng.IntN(addressStyles))
		}
	default:
		if d.Address != "" {
			d.Address = r.home.line(rng.IntN(addressStyles))
		}
	}
}

func changedDate(born time.Time, kind string, rng *rand.Rand) time.Time {
	y, m, day := born.Date()
	switch {
	case born.IsZero() || kind == "birth_missing":
		return time.Time{}
	case kind == "birth_swapped":
		if day > 12 {
			return born // nobody would take it for a month
		}
		return time.Date(y, time.Month(day), int(m), 0, 0, 0, 0, time.UTC)
	case kind == "birth_default":
		return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	switch rng.IntN(4) {
	case 0: // the last digit of the year
		return time.Date(min(y-y%10+rng.IntN(10), thisYear), m, day, 0, 0, 0, 0, time.UTC)
	case 1: // the last digit of the day
		return time.Date(y, m, max(min(day-day%10+rng.IntN(10), 28), 1), 0, 0, 0, 0, time.UTC)
	case 2: // the month next to it
		return time.Date(min(y, thisYear), m%12+1, min(day, 28), 0, 0, 0, 0, time.UTC)
	default: // another date altogether
		return time.Date(min(y-3+rng.IntN(7), thisYear), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), 0, 0, 0, 0, time.UTC)
	}
}
