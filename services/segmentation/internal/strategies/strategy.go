// Package strategies keeps playbooks for segments, says what to do next with a
// customer, and delivers what entering and leaving segments triggers:
//
//	strategies          _id strategy            as they are
//	strategy_revisions  _id strategy!revision   as they were
//	strategy_numbers    _id strategy            of those deleted, the last revision
//	contact_policy      _id contactPolicy       what holds for all of them
//	action_events       _id hash                one per transition and action
//	action_contacts     _id customer            what counts towards frequency caps
//	automation          _id automation          the lease, and how far it has come
package strategies

import (
	"fmt"
	"regexp"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Kind is what kind of thing an action is; the numbers are those of the API.
type Kind uint8

// Kinds is how many there are.
const Kinds = 11

// Trigger is what makes an event of an action; the numbers are those of the API.
type Trigger uint8

// The triggers.
const (
	OnNothing Trigger = iota
	OnEnter
	OnLeave
)

// Style is a behaviour style; the numbers are those of the API.
type Style uint8

// The styles.
const (
	Dominant Style = iota + 1
	Analytical
	Social
	UnknownStyle
)

// Text is a text in both languages.
type Text struct {
	En string `bson:"en,omitempty"`
	Zh string `bson:"zh,omitempty"`
}

// Amount is an amount of money; nil pointers stand for none.
type Amount struct {
	Currency string `bson:"currency"`
	Minor    int64  `bson:"minor"`
}

// Offer is what a customer is offered.
type Offer struct {
	Text  Text    `bson:"text"`
	Code  string  `bson:"code,omitempty"`
	Value *Amount `bson:"value,omitempty"`
}

// Advice is how to go about an action with customers of a style.
type Advice struct {
	Style Style `bson:"style"`
	Text  Text  `bson:"text"`
}

// Action is something to do for, or with, one customer.
type Action struct {
	ID          string        `bson:"id"`
	Kind        Kind          `bson:"kind"`
	Text        Text          `bson:"text"`
	Trigger     Trigger       `bson:"trigger"`
	Channel     string        `bson:"channel"`
	Offer       *Offer        `bson:"offer,omitempty"`
	Contact     *ContactRules `bson:"contact,omitempty"`
	SalesMode   uint8         `bson:"sales_mode"` // as the API's
	Eligibility string        `bson:"eligibility,omitempty"`
	Cost        *Amount       `bson:"cost,omitempty"`
	Priority    int32         `bson:"priority"`
	Campaign    string        `bson:"campaign,omitempty"` // its id
	Advice      []Advice      `bson:"advice,omitempty"`
	Caps        []Cap         `bson:"caps,omitempty"`
}

// Strategy is a playbook for a segment.
type Strategy struct {
	ID          string
	Name        Text
	Description Text
	Segment     string // its id
	Actions     []Action
	Caps        []Cap
	Paused      bool
	Revision    int64
	Request     aip.RequestKey
	CreateTime  time.Time
	UpdateTime  time.Time
	Version     int64
}

// action returns the action of an id, nil where there is none.
func (s *Strategy) action(id string) *Action {
	for i := range s.Actions {
		if s.Actions[i].ID == id {
			return &s.Actions[i]
		}
	}
	return nil
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// check reports all that is wrong with a strategy but for its rules. Fields are
// those of the strategy.
func (s *Strategy) check() error {
	var wrong []*fault.Fault
	if s.Name == (Text{}) {
		wrong = append(wrong, fault.Invalid("display_name", "must be set, here or in display_name_zh"))
	}
	if len(s.Actions) == 0 {
		wrong = append(wrong, fault.Invalid("actions", "must have at least one"))
	}
	seen := make(map[string]bool)
	for i := range s.Actions {
		field := fmt.Sprintf("actions[%d]", i)
		wrong = append(wrong, s.Actions[i].check(field)...)
		if seen[s.Actions[i].ID] {
			wrong = append(wrong, fault.Invalid(field+".id", "must be there once"))
		}
		seen[s.Actions[i].ID] = true
	}
	wrong = append(wrong, checkCaps("caps", s.Caps)...)
	return fault.Merge(wrong...)
}

func (a *Action) check(field string) (wrong []*fault.Fault) {
	if !idPattern.MatchString(a.ID) {
		wrong = append(wrong, fault.Invalid(field+".id", "must be 1 to 63 lower-case letters, digits and '-', and begin with a letter"))
	}
	if a.Kind == 0 || a.Kind > Kinds {
		wrong = append(wrong, fault.Invalid(field+".kind", "must be one of those the API defines"))
	}
	if a.Text == (Text{}) {
		wrong = append(wrong, fault.Invalid(field+".text", "must be set, here or in text_zh"))
	}
	if a.Channel == "" {
		wrong = append(wrong, fault.Invalid(field+".channel", `must be set, e.g. "phone"`))
	}
	if a.Campaign != "" && !idPattern.MatchString(a.Campaign) {
		wrong = append(wrong, fault.Invalid(field+".campaign", "must have the form campaigns/{campaign}"))
	}
	wrong = append(wrong, a.Cost.check(field+".cost"))
	if a.Offer != nil {
		wrong = append(wrong, a.Offer.Value.check(field+".offer.value"))
		if a.Offer.Text == (Text{}) {
			wrong = append(wrong, fault.Invalid(field+".offer.text", "must be set, here or in text_zh"))
		}
	}
	seen := make(map[Style]bool)
	for i, advice := range a.Advice {
		path := fmt.Sprintf("%s.advice[%d]", field, i)
		if seen[advice.Style] {
			wrong = append(wrong, fault.Invalid(path+".style", "must be there once"))
		}
		seen[advice.Style] = true
		if advice.Text == (Text{}) {
			wrong = append(wrong, fault.Invalid(path+".text", "must be set, here or in text_zh"))
		}
	}
	if a.Contact != nil {
		wrong = append(wrong, a.Contact.check(field+".contact")...)
	}
	return append(wrong, checkCaps(field+".caps", a.Caps)...)
}

func (m *Amount) check(field string) *fault.Fault {
	switch {
	case m == nil:
		return nil
	case m.Minor < 0:
		return fault.Invalid(field+".minor_units", "must not be negative, is %d", m.Minor)
	case !facts.IsCurrency(m.Currency):
		return fault.Invalid(field+".currency_code", `must be an ISO 4217 code, e.g. "CNY", is %q`, m.Currency)
	}
	return nil
}
