package facts

// Part is a part of the facts that one source tells; parts add up.
type Part uint8

// The parts, in the order in which one names the cause where several changed.
const (
	OfCustomer  Part = 1 << iota // Customer
	OfOrders                     // Orders and Revenue
	OfValuation                  // all that is of one refresh of the valuations
	OfFeedback                   // Feedback
	OfReferral                   // Referral
	AllParts    = OfCustomer | OfOrders | OfValuation | OfFeedback | OfReferral
)

// The kinds of a Cause.
const (
	Profile    = "PROFILE"
	Ordered    = "ORDERS"
	Valuation  = "VALUATION"
	Answered   = "FEEDBACK"
	Referred   = "REFERRAL"
	Merged     = "MERGED"     // Detail is the id of the customer that survived
	Deleted    = "DELETED"    // profile knows of the customer no more
	Objected   = "OBJECTED"   // consent to segmentation was withdrawn
	Listed     = "LIST"       // Detail is the id of the segment
	Time       = "TIME"       // nothing changed but the time
	Definition = "DEFINITION" // Detail is the id of the segment
)

// Cause is why a customer is to be looked at again.
type Cause struct{ Kind, Detail string }

// sections are the stored sections of facts: by whom they are told, what a change of
// them is called. The section of lists is told by nobody but those who list.
var sections = [...]struct {
	name string
	part Part
	kind string
}{
	{"customer", OfCustomer, Profile},
	{"orders", OfOrders, Ordered},
	{"valuation", OfValuation, Valuation},
	{"feedback", OfFeedback, Answered},
	{"referral", OfReferral, Referred},
	{"lists", 0, Listed},
}

// The sections that are kept in ways of their own: that of the customer is sealed.
const (
	customerSection = 0
	listSection     = len(sections) - 1
)
