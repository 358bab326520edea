// Package domain holds what the feedback service is about: surveys, the answers
// to them, and what they come to. Its checks return faults that name fields by
// their paths in the API, relative to the record.
package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Kind is what a survey measures.
type Kind string

// NPS asks how likely the customer is to recommend us, 0 to 10.
const NPS Kind = "nps"

// State says whether a survey takes responses.
type State string

// The states, in the order in which a survey passes through them.
const (
	Draft     State = "draft"
	Published State = "published"
	Closed    State = "closed"
)

// nextState is the one state that may follow a state.
var nextState = map[State]State{Draft: Published, Published: Closed}

// Survey is a question put to customers.
type Survey struct {
	ID          string
	DisplayName string
	Kind        Kind
	Question    string
	State       State

	CreatedAt, ChangedAt time.Time
	// Request is the call that created the survey, where it had a key.
	Request RequestKey
	// Answered is set, once, before the first response is stored: a survey
	// without it has no response and can be deleted by a write to it alone.
	Answered bool
	Version  int64 // of the stored record, 0 before it is stored
}

// RequestKey recognises a repeated call: the caller's key, and a hash of what
// was asked.
type RequestKey struct{ ID, Hash string }

// Validate reports everything that is wrong with the survey by itself.
func (s *Survey) Validate() error {
	var all faults
	all.add(CheckSurveyID("name", s.ID))
	all.add(checkLine("display_name", s.DisplayName, 128))
	if s.Kind != NPS {
		all.add(fault.Invalid("kind", "must be SURVEY_KIND_NPS"))
	}
	if strings.TrimSpace(s.Question) == "" {
		all.add(fault.Invalid("question", "must say what is asked"))
	} else {
		all.add(checkProse("question", s.Question, 1024))
	}
	return all.merged()
}

// Edition numbers the changes that a caller can see. It differs from Version by
// the write that sets Answered.
func (s *Survey) Edition() int64 {
	if s.Answered {
		return s.Version - 1
	}
	return s.Version
}

// RequestedBy sets the key of the call that is to create the survey.
func (s *Survey) RequestedBy(request string) {
	if request == "" {
		return
	}
	hash := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", s.ID, s.DisplayName, s.Kind, s.Question))
	s.Request = RequestKey{ID: request, Hash: hex.EncodeToString(hash[:])}
}

// Repeats is nil where the call that is to create the survey is the one that
// created the existing one, or else the fault REQUEST_ID_REUSED or SURVEY_EXISTS.
func (s *Survey) Repeats(existing *Survey) error {
	switch {
	case s.Request.ID == "" || s.Request.ID != existing.Request.ID:
		return refuse(fault.AlreadyExists, "SURVEY_EXISTS", "name", "is taken by another survey; choose another")
	case s.Request.Hash != existing.Request.Hash:
		return requestIDReused()
	}
	return nil
}

// Step brings the survey into another state and reports whether that changes
// anything. ILLEGAL_STEP where the state does not follow.
func (s *Survey) Step(to State) (changed bool, err error) {
	if s.State == to {
		return false, nil
	}
	if nextState[s.State] != to {
		from, to := strings.ToUpper(string(s.State)), strings.ToUpper(string(to))
		return false, fault.New(fault.FailedPrecondition, "ILLEGAL_STEP", "a survey that is %s cannot become %s", from, to).
			With("from", from).With("to", to)
	}
	s.State = to
	return true, nil
}

// SurveyFields are the fields that a caller may change.
var SurveyFields = []string{"display_name", "question"}

// Change takes the named fields from another survey, checks the result and
// reports whether anything is different. QUESTION_FIXED where the question of a
// survey that was published would change: answers to two questions cannot be
// counted together.
func (s *Survey) Change(from *Survey, fields []string) (changed bool, err error) {
	before := *s
	for _, field := range fields {
		switch field {
		case "display_name":
			s.DisplayName = from.DisplayName
		case "question":
			s.Question = from.Question
		}
	}
	if s.Question != before.Question && s.State != Draft {
		return false, refuse(fault.FailedPrecondition, "QUESTION_FIXED", "question",
			"must stay as it was published; close the survey and write another")
	}
	return *s != before, s.Validate()
}

// NotOpen is the fault SURVEY_NOT_OPEN where the survey takes no responses.
func (s *Survey) NotOpen() error {
	if s.State == Published {
		return nil
	}
	state := strings.ToUpper(string(s.State))
	return fault.New(fault.FailedPrecondition, "SURVEY_NOT_OPEN", "survey %q is %s; only a published one takes responses", s.ID, state).
		With("state", state)
}
