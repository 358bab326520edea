// Package events keeps what customers do: pages they open, searches, carts,
// calls for help. An event is known by the identity that sent it and its message
// id (ADR 8), so that sending it again changes nothing, however late. The events
// of a visitor whom nobody knows stay the visitor's; a link to a customer makes
// them part of that customer's timeline, and cutting it takes them out again.
package events

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// Type is what sort of event it is.
type Type string

// The types.
const (
	Page     Type = "page"     // a web page was opened
	Screen   Type = "screen"   // a screen of an app was opened
	View     Type = "view"     // a product, a list of them or a promotion was looked at
	Click    Type = "click"    // something was clicked
	Search   Type = "search"   // something was searched for
	Cart     Type = "cart"     // the cart or the checkout was changed or opened
	Purchase Type = "purchase" // an order was placed
	Support  Type = "support"  // help was asked for or given
	Social   Type = "social"   // something was shared, liked, reviewed
	Session  Type = "session"  // an app was opened or left
	Custom   Type = "custom"   // anything else that was tracked
	Identify Type = "identify" // the sender said who they are
	Group    Type = "group"    // the sender said to which group they belong
	Alias    Type = "alias"    // two ids were said to be one person's
)

// Types are all types.
var Types = []Type{Page, Screen, View, Click, Search, Cart, Purchase, Support, Social, Session, Custom, Identify, Group, Alias}

// Deed reports whether events of the type are something that somebody did, and do
// not merely say who somebody is.
func (t Type) Deed() bool { return t != Identify && t != Group && t != Alias }

// Identity is who sent an event: a customer, or a visitor who is not yet anybody.
type Identity struct {
	Visitor bool
	ID      string
}

// Customer is the identity of a customer.
func Customer(id string) Identity { return Identity{ID: id} }

// Visitor is the identity of a visitor.
func Visitor(id string) Identity { return Identity{Visitor: true, ID: id} }

// Event is one thing that somebody did. Times are whole milliseconds, UTC.
type Event struct {
	Sender Identity
	ID     string // the message id, unique to the sender
	Type   Type
	Name   string // "Product Added", the name of a page; may be empty
	// Time is when it happened: by the sender's clock, corrected by what that
	// clock was wrong by. Original and Sent are as the sender's clock had them,
	// zero where it did not say; Received is by our clock.
	Time, Original, Sent, Received time.Time
	Source                         string // what sent it: a shop, a site, an app
	VisitorID                      string // the visitor as whom a customer was seen, where known
	Group                          string // the group meant by an event of type Group
	// Mark names the row of a file that an event to be written comes from: written
	// under it, it is fresh to whoever writes it once more. Empty for others.
	Mark string

	plain  []byte // the content as JSON, of an event to be written
	sealed []byte // the content as stored
	keeper keeper
}

const (
	maxName   = 256
	maxSource = 128
	// maxEarly is how far ahead of our clock an event may be, corrected.
	maxEarly = 24 * time.Hour
)

// earliest is the first time accepted: an instant of 0 is a missing date that
// someone's software wrote as 1970-01-01 in some zone.
var earliest = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)

// Settle corrects the time of an event and reports everything that is wrong
// with it. Received must be set.
func (e *Event) Settle() error {
	all := []*fault.Fault{ident.Check("name", e.Sender.ID), ident.Check("name", e.ID)}
	if e.VisitorID != "" {
		all = append(all, ident.Check("visitor", e.VisitorID))
	}
	if !slices.Contains(Types, e.Type) {
		all = append(all, fault.Invalid("type", "must be one of %q", Types))
	}
	all = append(all, checkLine("event_name", e.Name, maxName), checkLine("source", e.Source, maxSource),
		checkLine("group", e.Group, maxName), e.correct())
	return fault.Merge(all...)
}

// correct sets Time as the Segment spec has it:
//
//	time = received − (sent − original)
//
// so that a clock that is wrong is wrong both times and cancels out. Without the
// time of sending the clock is believed; without any time it happened on receipt.
func (e *Event) correct() *fault.Fault {
	for _, t := range []*time.Time{&e.Original, &e.Sent, &e.Received} {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Millisecond)
		}
	}
	switch {
	case e.Original.IsZero():
		e.Time = e.Received
	case e.Sent.IsZero():
		e.Time = e.Original
	default:
		e.Time = e.Received.Add(e.Original.Sub(e.Sent))
	}
	switch latest := e.Received.Add(maxEarly); {
	case e.Time.After(latest):
		f := fault.Invalid("original_time", "must not be later than a day from now; corrected by the time of sending it is %s", e.Time.Format(time.RFC3339))
		f.Reason = "EVENT_IN_FUTURE"
		return f
	case e.Time.Before(earliest):
		f := fault.Invalid("original_time", "must not be before %s; corrected by the time of sending it is %s",
			earliest.Format(time.DateOnly), e.Time.Format(time.RFC3339))
		f.Reason = "EVENT_TOO_OLD"
		return f
	}
	return nil
}

func checkLine(field, text string, limit int) *fault.Fault {
	switch {
	case !utf8.ValidString(text):
		return fault.Invalid(field, "must be valid UTF-8")
	case len(text) > limit && utf8.RuneCountInString(text) > limit:
		return fault.Invalid(field, "must have at most %d characters, has %d", limit, utf8.RuneCountInString(text))
	case strings.ContainsFunc(text, unicode.IsControl):
		return fault.Invalid(field, "must hold no control characters or line breaks")
	}
	return nil
}

// String is the identity as it is named in the API.
func (i Identity) String() string {
	if i.Visitor {
		return "visitors/" + i.ID
	}
	return "customers/" + i.ID
}

// key is where an identity's events begin in the store: customers before visitors,
// each in the order of their escaped ids.
func (i Identity) key() string {
	if i.Visitor {
		return docstore.ID("v", i.ID)
	}
	return docstore.ID("c", i.ID)
}

func identityOf(kind, id string) Identity { return Identity{Visitor: kind == "v", ID: id} }
