package domain

import (
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"github.com/kehuhq/kehu/pkg/fault"
)

// homeRegion is where a number without a country code is read.
const homeRegion = "CN"

var (
	// maskedPhone finds a number with digits struck out: any star or dot sign, or
	// a run of x between digits.
	maskedPhone = regexp.MustCompile(`[*•●∗✱]|[0-9]\s*[xX×_?]{2,}\s*[0-9]`)
	// extendedMobile finds a Chinese mobile number that goes on behind a sign:
	// "13812345678-1234", "13812345678,1234", "13812345678转1234".
	extendedMobile = regexp.MustCompile(`^(\+|00)?(86)?[\s-]*1[3-9][0-9][\s-]?[0-9]{4}[\s-]?[0-9]{4}\s*(-|–|_|,|;|#|转|ext\.?|x)+\s*[0-9]+$`)
	// privacyRange is the access numbers of the carriers' privacy services.
	privacyRange = regexp.MustCompile(`^(\+?86)?950[0-9]{6,}$`)
)

// normalizePhone brings a number to E.164 ("+8613812345678").
//
// Marketplaces hand out numbers that stand for a customer for a few days and
// for another one afterwards. Recognised, and refused as PHONE_VIRTUAL, are
// those with an extension (Taobao's and JD's "13812345678-1234"), for which any
// number with an extension is taken, and the 950 access numbers. Not
// recognisable are stand-ins that look like any mobile number. The virtual
// operators' ranges (162, 165, 167, 170, 171) belong to real people and are
// accepted.
func normalizePhone(field, number string) (string, *fault.Fault) {
	folded := strings.TrimSpace(norm.NFKC.String(number))
	switch {
	case folded == "":
		return "", fault.Invalid(field, "must not be empty")
	case maskedPhone.MatchString(folded):
		return "", refuse("PHONE_MASKED", field, "is masked and identifies nobody: give all digits or leave it out")
	case extendedMobile.MatchString(strings.ToLower(folded)), privacyRange.MatchString(onlyDigits(folded)):
		return "", virtual(field)
	}
	parsed, err := phonenumbers.Parse(folded, homeRegion)
	switch {
	case err != nil || !phonenumbers.IsValidNumber(parsed):
		return "", refuse("PHONE_INVALID", field, "must be a phone number such as 13812345678 or +442079460000")
	case parsed.GetExtension() != "":
		return "", virtual(field)
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), nil
}

func virtual(field string) *fault.Fault {
	return refuse("PHONE_VIRTUAL", field,
		"is a stand-in or has an extension, and is given to other people later: give the customer's own number or leave it out")
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
