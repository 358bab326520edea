package shop

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"
)

// DirtyRecord is a record of a customer base in which some are recorded more
// than once. Person and Made are the truth, and stand in no export.
type DirtyRecord struct {
	ID         string
	Person     int // records of one person or company have the same
	Enterprise bool
	Name       string
	Gender     string    // "female", "male" or ""
	BirthDate  time.Time // a date in UTC; zero where not known
	Phone      string    // E.164, or masked as platforms do; "" without one, and so below
	Email      string
	Region     string
	City       string
	District   string
	Address    string   // street and number, sometimes with all that stands before
	Made       []string // what was done to a copy, e.g. "name_pinyin"; nil for a first record
}

// DirtyConfig says which customer base to make. Start from DefaultDirty.
type DirtyConfig struct {
	Seed    uint64 // decides everything that is drawn
	Persons int    // persons and companies, before anyone is recorded twice
	// Changes are the shares of the copies with one, two, three and four fields
	// changed. They add up to 1.
	Changes [4]float64
	// Phone, Address, Email, Gender and Birth are the shares of the first records
	// that have the field.
	Phone, Address, Email, Gender, Birth float64
}

// DefaultDirty is a base in which most copies differ in one or two fields.
func DefaultDirty(seed uint64, persons int) DirtyConfig {
	return DirtyConfig{
		Seed: seed, Persons: persons, Changes: [4]float64{0.45, 0.35, 0.15, 0.05},
		Phone: 0.95, Address: 0.85, Email: 0.40, Gender: 0.90, Birth: 0.80,
	}
}

// HarshDirty is a base in which half of what could be compared is changed or gone
// in many of the copies, and more is missing from the beginning.
func HarshDirty(seed uint64, persons int) DirtyConfig {
	return DirtyConfig{
		Seed: seed, Persons: persons, Changes: [4]float64{0.30, 0.40, 0.20, 0.10},
		Phone: 0.95, Address: 0.75, Email: 0.40, Gender: 0.90, Birth: 0.60,
	}
}

// Dirty yields a customer base: persons in households and companies, of whom about
// one in seven has a second record and one in fifty a third. The same
// configuration gives the same records to the byte.
//
// A further record is a copy with one to four of its fields changed, as generators
// for record linkage make them (Christen, "Probabilistic Data Generation for
// Deduplication and Data Linkage", IDEAL 2005: originals and modified duplicates,
// a bounded number of modifications each). What a change is follows what customer
// bases of shops contain: numbers that platforms mask, old numbers, names in
// Chinese characters in one system and in Latin letters in another, characters
// mistaken for others of the same sound, dates that the form had by default,
// addresses before a removal or written in another order. Unlike the slips of the
// pen that such generators mostly make, two in three of these changes leave
// nothing to compare in the field. The shares are in mutations and in
// DirtyConfig; they are judgements of the order of what reports on contact data
// say (a tenth to a third of it is out of date or missing), not measurements of
// one base. It is milder than an export in which a platform hides name, number
// and address together: nothing could be told there.
//
// What is meant to be mistaken for a duplicate: a quarter of the households are
// families with one address, half of them with one phone number, siblings whose
// given names begin alike, twins; one person in twenty gives the switchboard and
// the address of an employer; one in thirty bears the name of somebody in the
// same city; the commonest names are commoner than in any country.
func Dirty(c DirtyConfig) iter.Seq[DirtyRecord] {
	return func(yield func(DirtyRecord) bool) {
		b := base{DirtyConfig: c}
		for household := 0; b.person < c.Persons; household++ {
			for _, member := range b.household(household) {
				for _, r := range b.records(member) {
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}

// thisYear is the last in which anybody in the base is born.
const thisYear = 2024

// base makes one customer base.
type base struct {
	DirtyConfig
	person, count int // persons and records made so far
}

func (b *base) rng(of stream, n int) *rand.Rand {
	return rand.New(rand.NewPCG(scramble(b.Seed+scramble(uint64(of)<<8)), scramble(uint64(n))))
}

// home is where people live.
type home struct {
	region, city, district, street, estate string
	number, building, stair, room          int
	foreign                                bool
}

// resident is somebody before anything is written down.
type resident struct {
	person     int
	enterprise bool
	han        []word // surname first; nil for a name in Latin letters
	name       string
	pinyin     [2]string // surname and given name, in Latin letters
	gender     string
	born       time.Time
	phone      string
	email      string
	home       home
}

// household is one person (or company), or a family.
func (b *base) household(n int) []resident {
	rng := b.rng(streamHousehold, n)
	if rng.Float64() < 0.03 {
		return []resident{b.companyAt(rng)}
	}
	at := someHome(rng)
	first := b.resident(rng, at, 20+rng.IntN(50))
	if rng.Float64() < 1.0/30 && n > 0 { // a namesake in the same city
		other := b.household0(rng.IntN(n))
		if !other.enterprise && other.home.foreign == at.foreign {
			first.han, first.name, first.pinyin, first.gender = other.han, other.name, other.pinyin, other.gender
			first.home.region, first.home.city = other.home.region, other.home.city
		}
	}
	if rng.Float64() < 0.05 {
		b.employ(rng, &first)
	}
	if rng.Float64() >= 0.25 {
		return []resident{first}
	}
	return b.family(rng, first)
}

// household0 is the first of a household, made anew without counting.
func (b *base) household0(n int) resident {
	again := base{DirtyConfig: b.DirtyConfig, person: b.person}
	rng := again.rng(streamHousehold, n)
	if rng.Float64() < 0.03 {
		return resident{enterprise: true}
	}
	return again.resident(rng, someHome(rng), 20+rng.IntN(50))
}

// family adds a spouse or children, or both.
func (b *base) family(rng *rand.Rand, first resident) []resident {
	all := []resident{first}
	add := func(age int, surname bool) *resident {
		r := b.resident(rng, first.home, age)
		if surname && first.han != nil && r.han != nil {
			r.han = append([]word{first.han[0]}, r.han[1:]...)
			r.spell()
		}
		if surname && first.han == nil && r.han == nil {
			r.pinyin[0] = first.pinyin[0]
			r.name = r.pinyin[1] + " " + r.pinyin[0]
		}
		for _, other := range all {
			if r.name == other.name { // no family gives a name twice
				return nil
			}
		}
		all = append(all, r)
		return &all[len(all)-1]
	}
	age := thisYear + 1 - first.born.Year()
	if rng.Float64() < 0.6 {
		add(max(age-3+rng.IntN(7), 20), first.home.foreign)
	}
	if rng.Float64() < 0.6 {
		child := add(max(age-25-rng.IntN(10), 1), true)
		if child != nil && rng.Float64() < 0.3 {
			older := *child
			if sibling := add(thisYear+1-older.born.Year(), true); sibling != nil {
				alike(rng, older, sibling)
			}
		}
	}
	if rng.Float64() < 0.5 {
		for i := range all {
			all[i].phone = first.phone
		}
	}
	return all
}

// alike gives a sibling what siblings have in common: now and then the first
// character of the given name, or the day of birth.
func alike(rng *rand.Rand, older resident, sibling *resident) {
	if len(older.han) == 3 && len(sibling.han) == 3 && older.han[2] != sibling.han[2] && rng.Float64() < 0.5 {
		sibling.han = []word{older.han[0], older.han[1], sibling.han[2]}
		sibling.spell()
	}
	if rng.Float64() < 0.1 {
		sibling.born = older.born
	}
}

// employ gives somebody the switchboard and the address of an employer.
func (b *base) employ(rng *rand.Rand, r *resident) {
	employer := b.rng(streamEmployer, rng.IntN(max(b.Persons/600, 1)))
	at := someHome(employer)
	if at.foreign == r.home.foreign {
		r.phone = fmt.Sprintf("+86755%08d", 20_000_000+employer.IntN(60_000_000))
		at.room = r.home.room
		r.home = at
	}
}

func (b *base) resident(rng *rand.Rand, at home, age int) resident {
	r := resident{person: b.person, home: at, gender: "female"}
	b.person++
	if rng.Float64() < 0.48 {
		r.gender = "male"
	}
	r.born = time.Date(thisYear+1-age, 1, 1+rng.IntN(365), 0, 0, 0, 0, time.UTC)
	if at.foreign {
		given := englishFemale
		if r.gender == "male" {
			given = englishMale
		}
		r.pinyin = [2]string{choose(rng, englishSurnames), choose(rng, given)}
		r.name = r.pinyin[1] + " " + r.pinyin[0]
	} else {
		given := femaleNames
		if r.gender == "male" {
			given = maleNames
		}
		r.han = []word{choose(rng, surnames), choose(rng, given)}
		if rng.Float64() < 0.65 {
			r.han = append(r.han, choose(rng, given))
		}
		r.spell()
	}
	r.phone = b.phone(r.person, 0)
	domain := choose(rng, []string{"example.com", "example.net", "example.org"})
	number := scramble(b.Seed+uint64(r.person)) % 1000
	r.email = fmt.Sprintf("%s%d@%s", emailWord.Replace(strings.ToLower(r.pinyin[1]+"."+r.pinyin[0])), number, domain)
	return r
}

// spell makes the name of its parts.
func (r *resident) spell() {
	r.name, r.pinyin = "", [2]string{r.han[0].pinyin, ""}
	for i, w := range r.han {
		r.name += w.han
		if i > 0 {
			r.pinyin[1] += w.pinyin
		}
	}
	r.pinyin[1] = strings.ToUpper(r.pinyin[1][:1]) + r.pinyin[1][1:]
}

func (b *base) companyAt(rng *rand.Rand) resident {
	at := someHome(rng)
	at.foreign = false
	place := choose(rng, chinesePlaces)
	at.region, at.city, at.district = place.region, place.city, choose(rng, districts)
	at.street, at.estate = choose(rng, streets), choose(rng, estates)
	brand := choose(rng, companyBrands)
	r := resident{person: b.person, enterprise: true, home: at}
	b.person++
	r.name = at.city + brand.han + choose(rng, companyTrades) + "有限公司"
	r.phone = b.phone(r.person, 0)
	r.email = "info@" + brand.pinyin + fmt.Sprint(r.person) + ".example.com"
	return r
}

// phone is the n-th number of a person; all are different.
func (b *base) phone(person, n int) string {
	s := Shop{config: Config{Seed: b.Seed}}
	return fmt.Sprintf("+86%s%08d", mobilePrefixes[(person+7*n)%len(mobilePrefixes)], s.spread(4*person+n, 2))
}
