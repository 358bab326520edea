package comparison

import "math"

// Field is what is compared.
type Field string

// The fields, named as in the API where they stand there.
const (
	FieldName    Field = "display_name"
	FieldBirth   Field = "birth_date"
	FieldPhone   Field = "phone"
	FieldEmail   Field = "email"
	FieldAddress Field = "address"
	FieldAccount Field = "account"
	FieldDevice  Field = "device"
	FieldGender  Field = "gender"
	FieldCity    Field = "city"
	FieldKind    Field = "kind"
)

// Level is how far two values agree.
type Level string

// The levels.
const (
	Exact        Level = "EXACT"
	SameSound    Level = "SAME_SOUND"        // other characters, Latin letters or another order
	Near         Level = "NEAR"              // a slip of the hand or of the ear
	Partial      Level = "PARTIAL"           // a part of the given name
	WithoutPlace Level = "WITHOUT_PLACE"     // of an organisation: one of them has no place in it
	Initial      Level = "INITIAL"           // of the given name
	GivenName    Level = "GIVEN_NAME_ONLY"   // another surname
	Surname      Level = "SURNAME_ONLY"      // another given name
	Swapped      Level = "DAY_MONTH_SWAPPED" //
	YearSlip     Level = "YEAR_SLIP"         // one digit of the year
	DayMonth     Level = "DAY_AND_MONTH"     // one of them has no year
	Placeholder  Level = "FIRST_OF_JANUARY"  // equal, and what many forms have by default
	YearOnly     Level = "YEAR_ONLY"         // one of them is 1 January, as where only the year is known
	OneDigit     Level = "ONE_DIGIT"         // one digit differs, or two are swapped
	SameLocal    Level = "SAME_LOCAL_PART"   // of an e-mail address, at another domain
	Building     Level = "SAME_BUILDING"     // another door, or none
	Different    Level = "DIFFERENT"
)

// Weight is a row of Table.
type Weight struct {
	Field Field
	Level Level
	// M is the probability of the level among pairs of records of one customer,
	// U among pairs of two. With Times, U is Times the share of the customers who
	// have the value, and U itself its lowest.
	M, U, Times float64
	En, Zh      string // for people
}

// Bits is log2 M/U; share is that of the customers who have the value, which
// only rows with Times look at.
func (w Weight) Bits(share float64) float64 {
	u := w.U
	if w.Times > 0 {
		u = min(max(u, w.Times*share), 1)
	}
	return math.Log2(w.M / u)
}

// Table is the weights. The m of names and dates are of the order that Winkler
// gives for census and address lists (about 5 % of the names and 10 % of the
// dates of one person differ between two lists); those of contact data allow
// for what is out of date: about one customer in three has another phone number,
// e-mail or postal address in the older record. The u of dates are those of 50
// birth years of 365.25 days; the other fixed ones are rounded shares in the
// population of a country. None was fitted to the data that the tests measure.
var Table = []Weight{
	{FieldName, Exact, 0.70, 1e-7, 1, "name: the same", "姓名:相同"},
	{FieldName, SameSound, 0.17, 1e-7, 1, "name: the same sound, in other characters, in Latin letters or in another order", "姓名:读音相同(同音字、拼音或顺序不同)"},
	{FieldName, Near, 0.06, 1e-6, 5, "name: nearly the same", "姓名:近似(错字或近音)"},
	{FieldName, WithoutPlace, 0.15, 1e-7, 1, "name: the same but for the place", "名称:除地名外相同"},
	{FieldName, Initial, 0.02, 0.004, 0, "name: the surname and the initial agree", "姓名:姓与名首字母相同"},
	{FieldName, Partial, 0.02, 0.01, 0, "name: a part of the given name agrees", "姓名:名字部分相同"},
	{FieldName, GivenName, 0.02, 0.003, 0, "name: the given name agrees, the surname does not", "姓名:名相同,姓不同"},
	{FieldName, Surname, 0.001, 0.05, 0, "name: only the surname agrees", "姓名:仅姓相同"},
	{FieldName, Different, 0.004, 0.93, 0, "name: different", "姓名:不同"},

	{FieldBirth, Exact, 0.90, 5.5e-5, 0, "birth date: the same", "出生日期:相同"},
	{FieldBirth, Placeholder, 0.90, 3e-3, 0, "birth date: the same, but the 1 January that forms put in", "出生日期:相同,但为常见的默认值1月1日"},
	{FieldBirth, DayMonth, 0.90, 2.7e-3, 0, "birth date: the same day and month, a year is missing", "出生日期:月日相同,缺年份"},
	{FieldBirth, Swapped, 0.01, 4e-5, 0, "birth date: day and month swapped", "出生日期:日月颠倒"},
	{FieldBirth, YearSlip, 0.02, 3e-4, 0, "birth date: one digit of the year differs", "出生日期:年份差一位"},
	{FieldBirth, OneDigit, 0.02, 1e-3, 0, "birth date: one digit of day or month differs", "出生日期:日或月差一位"},
	{FieldBirth, YearOnly, 0.02, 5e-3, 0, "birth date: the same year, one of them 1 January", "出生日期:同年,其一为默认值1月1日"},
	{FieldBirth, Different, 0.04, 0.995, 0, "birth date: different", "出生日期:不同"},

	{FieldPhone, Exact, 0.73, 1e-7, 1, "phone: the same", "电话:相同"},
	{FieldPhone, OneDigit, 0.02, 5e-4, 0, "phone: one digit differs", "电话:仅一位不同"},
	{FieldPhone, Different, 0.25, 0.998, 0, "phone: different", "电话:不同"},

	{FieldEmail, Exact, 0.60, 1e-7, 1, "e-mail: the same", "邮箱:相同"},
	{FieldEmail, SameLocal, 0.08, 1e-3, 8, "e-mail: the same before the @, another domain", "邮箱:@前相同,域名不同"},
	{FieldEmail, Different, 0.35, 0.998, 0, "e-mail: different", "邮箱:不同"},

	{FieldAddress, Exact, 0.60, 1e-7, 1, "address: the same", "地址:相同"},
	{FieldAddress, Building, 0.08, 1e-2, 0, "address: the same building, another door or none", "地址:同一楼,门牌不同或缺失"},
	{FieldAddress, Different, 0.32, 0.99, 0, "address: different", "地址:不同"},

	{FieldAccount, Exact, 0.60, 1e-6, 0, "account: the same on the same platform", "账号:同一平台账号相同"},

	{FieldDevice, Exact, 0.30, 1e-5, 0, "device: the same", "设备:相同"},

	{FieldGender, Exact, 0.97, 0.5, 0, "gender: the same", "性别:相同"},
	{FieldGender, Different, 0.03, 0.5, 0, "gender: different", "性别:不同"},

	{FieldCity, Exact, 0.85, 1e-3, 1, "city: the same", "城市:相同"},
	{FieldCity, Different, 0.15, 0.90, 0, "city: different", "城市:不同"},

	{FieldKind, Different, 0.001, 0.10, 0, "kind: a person and an organisation", "类型:个人与机构不同"},
}

// Lookup is the row of a field and level; ok is false where there is none.
func Lookup(field Field, level Level) (Weight, bool) {
	for _, w := range Table {
		if w.Field == field && w.Level == level {
			return w, true
		}
	}
	return Weight{}, false
}
