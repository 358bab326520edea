package comparison

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// people is a population in which every value has the same number of bearers.
type people struct{ size, bearers int64 }

func (p people) Size() int64                    { return p.size }
func (p people) Bearers(Frequent, string) int64 { return p.bearers }

var town = people{size: 10_000, bearers: 2}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want Level
	}{
		{"王芳", "王芳", Exact},
		{"王 芳", "王芳女士", Exact},
		{"王芳", "Wang Fang", SameSound},
		{"王芳", "Fang Wang", SameSound},
		{"王芳", "wangfang", SameSound},
		{"王小明", "Xiao-Ming Wang", SameSound},
		{"陳麗", "陈丽", SameSound},          // traditional characters
		{"单雄", "Shan Xiong", SameSound},  // a surname with a reading of its own
		{"曾静", "Zeng Jing", SameSound},   //
		{"吕敏", "Lü Min", SameSound},      //
		{"吕敏", "Lv Min", SameSound},      //
		{"尉迟恭", "Yuchi Gong", SameSound}, // a surname of two characters
		{"王芳", "王方", SameSound},
		{"林志玲", "林志琳", Near}, // -ing and -in
		{"王小明", "Wang Xiaomng", Near},
		{"王志强", "王志明", Partial}, // brothers, or a slip
		{"王芳", "Wang F", Initial},
		{"王芳", "王静", Surname},
		{"王芳", "李静", Different},
		{"李小芳", "王小芳", GivenName},
		{"李芳", "王芳", Different}, // half of a generation has the given name
		{"ＥＭＭＡ Ｓｍｉｔｈ", "Emma Smith", Exact},
		{"Smith, Emma", "Emma Smith", SameSound},
		{"Emma Smith", "Emma Smtih", Near},
		{"José García", "Jose Garcia", Exact},
		{"Emma J. Smith", "Emma Smith", Near},
		{"E. Smith", "Emma Smith", Initial},
		{"Smith, E", "Emma Smith", Initial},
		{"Emma Smith", "Emma Jones", GivenName},
		{"Emma Smith", "James Smith", Surname},
		{"Zhou Fang", "Zhou Li", Surname},
		{"Emma Smith", "James Jones", Different},
	} {
		a, b := readName(c.a), readName(c.b)
		if got := compareNames(&a, &b, false).level; got != c.want {
			t.Errorf("%s and %s: %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

func TestOrganisations(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want Level
	}{
		{"深圳华信科技有限公司", "深圳华信科技", Exact},
		{"深圳市华信科技有限公司", "华信科技有限公司", WithoutPlace},
		{"深圳华信科技有限公司", "深圳华信贸易有限公司", Different},
		{"Acme Trading Ltd.", "Acme Trading", Exact},
	} {
		a, b := readOrganisation(c.a, "深圳"), readOrganisation(c.b, "深圳")
		if got := compareNames(&a, &b, true).level; got != c.want {
			t.Errorf("%s and %s: %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

func TestDates(t *testing.T) {
	born := Date{1990, 5, 7}
	for _, c := range []struct {
		other Date
		want  Level
	}{
		{Date{1990, 5, 7}, Exact},
		{Date{0, 5, 7}, DayMonth},
		{Date{1990, 7, 5}, Swapped},
		{Date{1980, 5, 7}, YearSlip},
		{Date{1909, 5, 7}, YearSlip},
		{Date{1990, 5, 17}, OneDigit},
		{Date{1990, 6, 7}, OneDigit},
		{Date{1990, 1, 1}, YearOnly},
		{Date{1985, 6, 7}, Different},
	} {
		if got := compareDates(born, c.other); got != c.want {
			t.Errorf("%v and %v: %s, want %s", born, c.other, got, c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	at := func(line string) place { return readPlace(Address{Region: "广东", City: "深圳", Line: line}) }
	in := func(line string) place { return readPlace(Address{Region: "England", City: "London", Line: line}) }
	for _, c := range []struct {
		a, b place
		want Level
	}{
		{at("科技园路88号3栋2单元1201室"), at("广东省深圳市南山区科技园路88号3-2-1201"), Exact},
		{at("科技园路88号3栋2单元1201室"), at("南山区科技园路 八八号 阳光花园 三号楼1201"), Exact}, // the stairs left out
		{at("科技园路88号3栋2单元1201室"), at("科技园路88号3栋2单元1202室"), Building},
		{at("科技园路88号3栋2单元1201室"), at("科技园路88号4栋2单元1201室"), Building},
		{at("科技园路88号3栋1201室"), at("人民路88号3栋1201室"), Different},
		{in("12 High Street, Flat 3"), in("Flat 3, 12 High St, London"), Exact},
		{in("12 High Street, Flat 3"), in("12 High Street, Flat 4"), Building},
		{in("12 High Street, Flat 3"), in("12 Mill Lane, Flat 3"), Different},
	} {
		if got := comparePlaces(c.a, c.b); got != c.want {
			t.Errorf("%+v and %+v: %s, want %s", c.a, c.b, got, c.want)
		}
		if c.want == Exact && c.a.key != c.b.key {
			t.Errorf("one address has the keys %q and %q", c.a.key, c.b.key)
		}
	}
}

var wang = Record{
	Kind: Person, Name: "王芳", Gender: "female", Birth: Date{1990, 5, 7}, City: "深圳",
	Phones: []string{"+8613812345678"}, Addresses: []Address{{"广东", "深圳", "科技园路88号3栋2单元1201室"}},
}

// score compares two records among ten thousand people.
func score(a, b Record) Result { return Score(Prepare(a), Prepare(b), town) }

func TestFamilyIsNotOnePerson(t *testing.T) {
	for what, change := range map[string]func(*Record){
		"mother and daughter": func(r *Record) { r.Name, r.Birth = "王小雨", Date{2015, 3, 2} },
		"husband and wife":    func(r *Record) { r.Name, r.Gender, r.Birth = "李伟", "male", Date{1988, 1, 9} },
		"no dates":            func(r *Record) { r.Name, r.Birth = "王静", Date{} },
		"twins":               func(r *Record) { r.Name = "王静" },
		"sisters named alike": func(r *Record) { r.Name, r.Birth = "王凡", Date{1993, 2, 9} },
		"mother and son":      func(r *Record) { r.Name, r.Gender, r.Birth = "王帆", "male", Date{} },
	} {
		other := wang
		change(&other)
		if got := score(wang, other); got.Score >= 0.8 {
			t.Errorf("%s at one address with one phone score %v: %+v", what, got.Score, got.Reasons)
		}
	}
}

func TestTwinsOfEitherSexAreNotOnePerson(t *testing.T) {
	brother, sister := wang, wang
	brother.Name, brother.Gender, sister.Name = "杨宇军", "male", "杨宇慧"
	if got := score(brother, sister); got.Score >= 0.8 {
		t.Errorf("they score %v: %+v", got.Score, got.Reasons)
	}
}

func TestNamesakesAreNotOnePerson(t *testing.T) {
	one := Record{Kind: Person, Name: "王芳", Gender: "female", City: "深圳"}
	if got := Score(Prepare(one), Prepare(one), people{10_000, 80}); got.Score >= 0.5 {
		t.Errorf("two of eighty of that name in one city score %v", got.Score)
	}
}

func TestSwitchboardSaysLittle(t *testing.T) {
	one := Record{Kind: Person, Name: "王芳", Phones: wang.Phones}
	other := Record{Kind: Person, Name: "Wang Fang", Phones: wang.Phones}
	private := Score(Prepare(one), Prepare(other), people{10_000, 2})
	shared := Score(Prepare(one), Prepare(other), people{10_000, 200})
	if private.Score < 0.95 || shared.Score > 0.5 {
		t.Errorf("the same name and phone score %v, and %v where 200 have them", private.Score, shared.Score)
	}
}

func TestOnePerson(t *testing.T) {
	for what, change := range map[string]func(*Record){
		"name in Latin letters, moved": func(r *Record) {
			r.Name, r.Addresses = "Fang Wang", []Address{{"广东", "深圳", "人民路12号5栋303"}}
		},
		"another phone":                   func(r *Record) { r.Phones = []string{"+8618600001111"} },
		"no phone, day and month swapped": func(r *Record) { r.Phones, r.Birth = nil, Date{1990, 7, 5} },
		"no date, other style of address": func(r *Record) { r.Birth, r.Addresses[0].Line = Date{}, "南山区科技园路88号3-2-1201" },
	} {
		other := wang
		other.Addresses = append([]Address(nil), wang.Addresses...)
		change(&other)
		if got := score(wang, other); got.Score < 0.95 {
			t.Errorf("%s: %v: %+v", what, got.Score, got.Reasons)
		}
	}
}

func TestScoreAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := record().Draw(t, "a"), record().Draw(t, "b")
		among := people{size: rapid.Int64Range(0, 1e6).Draw(t, "size"), bearers: rapid.Int64Range(0, 1e4).Draw(t, "bearers")}
		one, other := Score(Prepare(a), Prepare(b), among), Score(Prepare(b), Prepare(a), among)
		if math.Abs(one.Bits-other.Bits) > 1e-9 {
			t.Fatalf("%v one way, %v the other\n%+v\n%+v", one.Bits, other.Bits, one.Reasons, other.Reasons)
		}
		sum := one.Prior
		for _, r := range one.Reasons {
			sum += r.Bits
			if math.IsNaN(r.Bits) || math.IsInf(r.Bits, 0) {
				t.Fatalf("%+v", r)
			}
		}
		if math.Abs(sum-one.Bits) > 1e-9 || !(one.Score >= 0 && one.Score <= 1) || (one.Score > 0.5) != (one.Bits > 0) {
			t.Fatalf("score %v of %v bits; the reasons add up to %v", one.Score, one.Bits, sum)
		}
	})
}

// record draws what anyone may have typed.
func record() *rapid.Generator[Record] {
	return rapid.Custom(func(t *rapid.T) Record {
		name := rapid.OneOf(
			rapid.StringMatching(`[王李张单曾欧阳司马][芳静伟强志明小丽]{1,3}(先生)?`),
			rapid.StringMatching(`(Wang|Li|Shan|Smith|O'Connor|E\.) ?(Fang|Jing|Wei|Emma|Xiaoming)?`),
			rapid.StringMatching(`[深圳上海]{0,2}华信(科技|贸易)(有限公司)?`),
			rapid.String(),
		)
		line := rapid.OneOf(
			rapid.StringMatching(`(南山区)?(科技园|人民|中山)(路|街)[0-9一二十]{1,3}号(3栋)?[0-9]{0,4}`),
			rapid.StringMatching(`([0-9]{1,3} )?(High|Mill) (St|Street|Lane)(, Flat [0-9])?`),
			rapid.String(),
		)
		r := Record{
			Kind: rapid.SampledFrom([]Kind{Unknown, Person, Organisation}).Draw(t, "kind"),
			Name: name.Draw(t, "name"), Gender: rapid.SampledFrom([]string{"", "female", "male"}).Draw(t, "gender"),
			City: rapid.SampledFrom([]string{"", "深圳", "深圳市", "London"}).Draw(t, "city"),
		}
		if rapid.Bool().Draw(t, "born") {
			r.Birth = Date{rapid.SampledFrom([]int{0, 1990, 1991, 1909}).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "m"), rapid.IntRange(1, 28).Draw(t, "d")}
		}
		r.Phones = rapid.SliceOfN(rapid.StringMatching(`\+861381234567[0-9]`), 0, 2).Draw(t, "phones")
		r.Emails = rapid.SliceOfN(rapid.SampledFrom([]string{"a@b.com", "info@b.com", "fang@b.com", "fang@c.com", "@", ""}), 0, 2).Draw(t, "emails")
		for range rapid.IntRange(0, 2).Draw(t, "addresses") {
			r.Addresses = append(r.Addresses, Address{City: r.City, Line: line.Draw(t, "line")})
		}
		return r
	})
}

// A device known to two apps speaks for one person, and in a household for no more
// than the home does.
func TestDevices(t *testing.T) {
	phone := []string{"4C1F-77"}
	bare := Score(Prepare(Record{Name: "王小明"}), Prepare(Record{Name: "王小明"}), town)
	with := Score(Prepare(Record{Name: "王小明", Devices: phone}), Prepare(Record{Name: "王小明", Devices: phone}), town)
	if with.Bits <= bare.Bits || len(with.Reasons) != 2 || with.Reasons[0].Field != FieldDevice && with.Reasons[1].Field != FieldDevice {
		t.Errorf("%v with a device, %v without", with, bare)
	}
	other := Score(Prepare(Record{Name: "王小明", Devices: phone}), Prepare(Record{Name: "王小明", Devices: []string{"else"}}), town)
	if other.Bits != bare.Bits {
		t.Errorf("another device says something: %v", other)
	}
	home := []Address{{"广东", "深圳", "南山区科技园路1号3栋502"}}
	relatives := Score(
		Prepare(Record{Name: "王小明", Devices: phone, Addresses: home, Gender: "male"}),
		Prepare(Record{Name: "李芳", Devices: phone, Addresses: home, Gender: "female"}), town)
	if relatives.Score >= 0.5 {
		t.Errorf("a couple is one person: %v", relatives)
	}
	keys := Prepare(Record{Name: "王小明", Devices: phone}).Keys()
	if keys[0] != (Key{"device", "4C1F-77"}) {
		t.Errorf("keys %v", keys)
	}
}
