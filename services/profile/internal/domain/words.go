package domain

import (
	"time"

	"golang.org/x/text/language"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Kind is what sort of customer it is; empty is not known.
type Kind string

// The kinds.
const (
	Individual Kind = "individual"
	Enterprise Kind = "enterprise"
	Government Kind = "government"
)

// Words lists the kinds.
func (Kind) Words() []string { return []string{"individual", "enterprise", "government"} }

// Gender is as the customer states it; empty is not stated.
type Gender string

// The genders.
const (
	Female      Gender = "female"
	Male        Gender = "male"
	OtherGender Gender = "other"
)

// Words lists the genders.
func (Gender) Words() []string { return []string{"female", "male", "other"} }

// Acquisition is how a customer was won; empty is not known.
type Acquisition string

// The ways in which customers are won.
const (
	Organic     Acquisition = "organic"
	Advertising Acquisition = "advertising"
	Referral    Acquisition = "referral"
	Promotion   Acquisition = "promotion"
	Sales       Acquisition = "sales"
)

// Words lists the ways in which customers are won.
func (Acquisition) Words() []string {
	return []string{"organic", "advertising", "referral", "promotion", "sales"}
}

// AcquisitionPrice is at which price a customer was won.
type AcquisitionPrice string

// Words lists the prices.
func (AcquisitionPrice) Words() []string { return []string{"list", "promotion"} }

// Education is the highest completed.
type Education string

// Words lists the levels, the lowest first.
func (Education) Words() []string {
	return []string{"primary", "lower_secondary", "upper_secondary", "short_tertiary", "bachelor", "master", "doctorate"}
}

// MaritalStatus is as the customer states it.
type MaritalStatus string

// Words lists the statuses.
func (MaritalStatus) Words() []string {
	return []string{"single", "married", "partnered", "divorced", "widowed"}
}

// Area is a sort of place to live in.
type Area string

// Words lists the sorts.
func (Area) Words() []string { return []string{"urban", "suburban", "rural"} }

// Mobility is whether a household stays where it is.
type Mobility string

// Words lists the ways to be.
func (Mobility) Words() []string { return []string{"settled", "moved", "moving"} }

// Country is an ISO 3166-1 alpha-2 code in upper case; empty is not known.
type Country string

// check brings the code to upper case.
func (c *Country) check(field string, _ time.Time) *fault.Fault {
	if *c == "" {
		return nil
	}
	code := upper(string(*c))
	region, err := language.ParseRegion(code)
	if len(code) != 2 || err != nil || !region.IsCountry() || region.Canonicalize().String() != code {
		return fault.Invalid(field, "must be an ISO 3166-1 alpha-2 code, e.g. \"CN\", is %q", short(string(*c)))
	}
	*c = Country(code)
	return nil
}

func oneOf[T ~string](field string, value T, allowed ...T) *fault.Fault {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fault.Invalid(field, "must be one of %q, is %q", allowed[1:], value)
}
