package importer

import (
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// buyer is what a row says about who bought.
type buyer uint8

const (
	named    buyer = iota
	unnamed        // states nobody
	struck         // states somebody with characters struck out, 138****1234
	unusable       // states what identifies nobody for long, such as a virtual number
)

// bought is who bought.
type bought struct {
	customer string
	by       domain.Identifier // where the row knows no id of the customer
	how      buyer
}

// said is the buyer in the words of the row.
func (b bought) said() string {
	if b.by.Value != "" {
		return b.by.Value
	}
	return b.customer
}

// identifierIn tells from its title that a column holds phone numbers or e-mail
// addresses, which have several ways of being written. Anything else is the
// shop's own id, and kept as it is.
func identifierIn(title string) domain.IdentifierType {
	title = mapping.Fold(title)
	says := func(word string) bool { return strings.Contains(title, word) }
	switch {
	case slices.ContainsFunc([]string{"手机", "电话", "phone", "mobile"}, says):
		return domain.Phone
	case slices.ContainsFunc([]string{"email", "e-mail", "邮箱", "邮件"}, says):
		return domain.Email
	}
	return ""
}

// buyerIn is the customer to whom a row's order belongs: domain.Anonymous where
// the row names nobody who could be told from others.
func (r *orderRows) buyerIn(fields []string) (bought, *fault.Fault) {
	how := unnamed
	for n, at := range r.customer {
		value := unquoted(tidy(fields[at]))
		if value == "" {
			continue
		}
		kind := r.buyers[n]
		if r.columns.ours {
			kind = ""
		}
		id, found := r.identify(value, kind)
		switch {
		case found != named:
			how = found
		case kind != "":
			return r.known(domain.Identifier{Type: kind, Value: id})
		case r.columns.ours:
			return bought{customer: id}, ident.Check("customer_id", id)
		case ident.Check("customer_id", id) == nil:
			return bought{customer: id}, nil
		default:
			how = unusable
		}
	}
	return bought{customer: domain.Anonymous, how: how}, nil
}

// known is a customer of whom the row knows an identifier.
func (r *orderRows) known(by domain.Identifier) (bought, *fault.Fault) {
	if r.pseudonym == nil {
		return bought{customer: by.Value, by: by}, nil
	}
	id, err := r.pseudonym(by)
	if err != nil {
		return bought{}, fault.New(fault.Internal, "INTERNAL", "the buyer's id cannot be made").Because(err)
	}
	return bought{customer: id, by: by}, nil
}

// identify is the id or identifier in a value of a column of buyers.
func (r *orderRows) identify(value string, kind domain.IdentifierType) (string, buyer) {
	switch {
	case masked(value):
		return "", struck
	case kind == "":
		return value, named
	}
	if kind == domain.Phone && len(value) == mobileDigits && value[0] == '1' && value[1] >= '3' && digits(value) {
		return r.mobile(value)
	}
	return normalized(value, kind)
}

func normalized(value string, kind domain.IdentifierType) (string, buyer) {
	normal, f := domain.Identifier{Type: kind, Value: value}.Normalize("")
	if f != nil {
		return "", unusable
	}
	return normal.Value, named
}

// A Chinese mobile number has 11 digits, and the first five tell whether there is
// such a range.
const (
	mobileDigits = 11
	rangeDigits  = 5
)

// mobile is normalized for numbers as most shops in China have them: looking at
// each afresh would take longer than all the rest of its row.
func (r *orderRows) mobile(number string) (string, buyer) {
	valid, seen := r.ranges[number[:rangeDigits]]
	if !seen {
		_, how := normalized(number, domain.Phone)
		valid = how == named
		r.ranges[strings.Clone(number[:rangeDigits])] = valid
	}
	if !valid {
		return "", unusable
	}
	return "+86" + number, named
}
