package leads

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// The ends of the pipeline.
const (
	first  = profilev1.LeadStage_LEAD_STAGE_CONTACT
	last   = profilev1.LeadStage_LEAD_STAGE_AGREEMENT // from here it is won
	follow = profilev1.LeadStage_LEAD_STAGE_FOLLOW_UP
)

// mostMoves bounds the moves that a lead keeps: more are no sale but a mistake.
const mostMoves = 500

// begin puts a new lead at its first stage.
func begin(l *profilev1.Lead, author string, now time.Time) {
	l.Stage, l.State = first, profilev1.LeadState_LEAD_STATE_OPEN
	l.Moves = []*profilev1.StageMove{{To: first, MoveTime: timestamppb.New(now), Author: author}}
}

// advance moves a lead to a stage, 0 for the next one. The next one needs no
// reason; skipping stages or going back does. Moving to where it is changes
// nothing, and the result is false.
func advance(l *profilev1.Lead, to profilev1.LeadStage, reason, author string, now time.Time) (bool, error) {
	if to == 0 {
		to = min(l.GetStage()+1, follow)
	}
	if to == l.GetStage() {
		return false, nil
	}
	won := l.GetState() == profilev1.LeadState_LEAD_STATE_WON
	switch {
	case won && to != follow:
		return false, fault.New(fault.FailedPrecondition, "LEAD_CLOSED", "the lead is won: it can only be moved to FOLLOW_UP")
	case to == follow && !won:
		return false, fault.New(fault.FailedPrecondition, "LEAD_NOT_WON", "only a won lead is followed up: close it as WON first")
	case !won && l.GetState() != profilev1.LeadState_LEAD_STATE_OPEN:
		return false, fault.New(fault.FailedPrecondition, "LEAD_CLOSED", "the lead is lost: it cannot be moved any more")
	}
	err := move(l, to, "reason", reason, author, now)
	return err == nil, err
}

// move writes a move into the lead's history.
func move(l *profilev1.Lead, to profilev1.LeadStage, field, reason, author string, now time.Time) error {
	if to != l.GetStage()+1 && reason == "" {
		f := fault.Invalid(field, "must say why stages are %s: from %s to %s", skippedOrBack(l.GetStage(), to), stageWord(l.GetStage()), stageWord(to))
		f.Reason = "STAGE_REASON_MISSING"
		return f
	}
	if len(l.GetMoves()) >= mostMoves {
		return fault.New(fault.ResourceExhausted, "TOO_MANY_MOVES", "the lead has been moved %d times, which is the most", mostMoves)
	}
	l.Moves = append(l.Moves, &profilev1.StageMove{
		From: l.GetStage(), To: to, MoveTime: timestamppb.New(now), Author: author, Reason: reason,
	})
	l.Stage = to
	return nil
}

func skippedOrBack(from, to profilev1.LeadStage) string {
	if to < from {
		return "gone back"
	}
	return "skipped"
}

// stageWord is a stage as callers write it, without its prefix.
func stageWord(s profilev1.LeadStage) string { return s.String()[len("LEAD_STAGE_"):] }

// closeLead ends an open lead. A won lead stands at AGREEMENT. Closing in the
// same way again changes nothing, and the result is false.
func closeLead(l *profilev1.Lead, r *profilev1.CloseLeadRequest, now time.Time) (bool, error) {
	if l.GetState() != profilev1.LeadState_LEAD_STATE_OPEN {
		c := l.GetClosing()
		if l.GetState() == r.GetOutcome() && slices.Equal(c.GetReasons(), r.GetReasons()) && c.GetCompetitor() == r.GetCompetitor() {
			return false, nil
		}
		return false, fault.New(fault.FailedPrecondition, "LEAD_CLOSED", "the lead is closed already, as %s", l.GetState().String()[len("LEAD_STATE_"):])
	}
	for i, reason := range r.GetReasons() {
		if slices.Contains(r.GetReasons()[:i], reason) {
			return false, fault.Invalid("reasons", "must name each reason once")
		}
	}
	if r.GetOutcome() == profilev1.LeadState_LEAD_STATE_WON && l.GetStage() < last {
		if err := move(l, last, "stage_reason", r.GetStageReason(), r.GetAuthor(), now); err != nil {
			return false, err
		}
	}
	l.State = r.GetOutcome()
	l.Closing = &profilev1.LeadClosing{
		Reasons: r.GetReasons(), Competitor: r.GetCompetitor(), Note: r.GetNote(),
		CloseTime: timestamppb.New(now), Author: r.GetAuthor(),
	}
	return true, nil
}

// reached is the furthest stage a lead was ever at, AGREEMENT at most.
func reached(l *profilev1.Lead) profilev1.LeadStage {
	far := l.GetStage()
	for _, m := range l.GetMoves() {
		far = max(far, m.GetTo())
	}
	return min(far, last)
}
