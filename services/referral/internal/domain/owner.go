package domain

import (
	"crypto/rand"
	"regexp"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// AccountID names an account of points. A programme's is "program:" and its id,
// and there is Adjustments. A customer's account has two: in the books it goes by
// a number ("account:" and 26 letters and digits), which tells nothing; whose it
// is stands in the Owner alone, and callers know it as "customer:" and the
// customer id, or by "erased:" and the number when there is no owner any more.
type AccountID string

// Adjustments issues and takes in points that no programme does.
const Adjustments AccountID = "system:adjustments"

const (
	customerPrefix = "customer:"
	erasedPrefix   = "erased:"
	numberPrefix   = "account:"
	programPrefix  = "program:"
)

// Owner tells whose account a number is: the only record of the ledger that does.
type Owner struct {
	Customer string
	Account  AccountID // by its number
	// Leaving is set when the customer is about to be erased: from then on nothing
	// is posted by the customer's name.
	Leaving bool
}

// NewAccount is an account with a number drawn at random.
func NewAccount() AccountID { return AccountID(numberPrefix + rand.Text()) }

// CustomerAccount is where a customer's points are, by the customer's name.
func CustomerAccount(customer string) AccountID { return AccountID(customerPrefix + customer) }

// Customer is whose account it is, where it goes by a customer's name.
func (id AccountID) Customer() (string, bool) { return strings.CutPrefix(string(id), customerPrefix) }

// Numbered reports whether it is a customer's account by its number.
func (id AccountID) Numbered() bool { return strings.HasPrefix(string(id), numberPrefix) }

// Ownerless is how callers know a numbered account that nobody owns.
func (id AccountID) Ownerless() AccountID {
	return AccountID(erasedPrefix + strings.TrimPrefix(string(id), numberPrefix))
}

// Booked is the account in the books, unless it goes by a customer's name.
func (id AccountID) Booked() AccountID {
	if number, erased := strings.CutPrefix(string(id), erasedPrefix); erased {
		return AccountID(numberPrefix + number)
	}
	return id
}

// ProgramAccount is what a programme gives from.
func ProgramAccount(program string) AccountID { return AccountID(programPrefix + program) }

// MayOverdraw reports whether the account issues points, and so may be below 0.
func (id AccountID) MayOverdraw() bool { return !id.Numbered() }

// number is what rand.Text makes.
var number = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// CheckAccount reports an id by which callers know no account.
func CheckAccount(field, id string) *fault.Fault {
	if customer, ok := strings.CutPrefix(id, customerPrefix); ok {
		return ident.Check(field, customer)
	}
	if program, ok := strings.CutPrefix(id, programPrefix); ok {
		return CheckProgramID(field, program)
	}
	if erased, ok := strings.CutPrefix(id, erasedPrefix); ok && number.MatchString(erased) || AccountID(id) == Adjustments {
		return nil
	}
	return fault.Invalid(field, "must be customer:{customer id}, program:{program id}, erased:{26 letters and digits} or %s", Adjustments)
}

// BeingErasedReason is that of the fault for a customer who is about to be erased.
const BeingErasedReason = "CUSTOMER_BEING_ERASED"

// BeingErased is the fault CUSTOMER_BEING_ERASED.
func BeingErased(customer string) error {
	return fault.New(fault.FailedPrecondition, BeingErasedReason, "customer %q is being erased", customer)
}
