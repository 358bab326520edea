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
func (r *orderRows) buyerIn(fields []string) (id string, how buyer, f *fault.Fault) {
	how = unnamed
	for n, at := range r.customer {
		value := unquoted(tidy(fields[at]))
		if value == "" {
			continue
		}
		if id, found := r.identify(value, r.buyers[n]); found != named {
			how = found
		} else if r.columns.ours {
			return id, named, ident.Check("customer_id", id)
		} else if ident.Check("customer_id", id) == nil {
			return id, named, nil
		} else {
			how = unusable
		}
	}
	return domain.Anonymous, how, nil
}

// identify is the customer of a value in a column of buyers.
func (r *orderRows) identify(value string, kind domain.IdentifierType) (string, buyer) {
	switch {
	case masked(value):
		return "", struck
	case r.columns.ours || kind == "":
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
