package journey

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// PolicyName is the name of the one policy.
const PolicyName = "journeyPolicy"

func checkPolicyName(field, name string) error {
	if name != PolicyName {
		return fault.Invalid(field, "must be %s", PolicyName)
	}
	return nil
}

func customerID(field, name string) (string, error) {
	id, ok := strings.CutPrefix(name, "customers/")
	if !ok {
		return "", fault.Invalid(field, "must have the form customers/{customer}")
	}
	if f := ident.Check(field, id); f != nil {
		return "", f
	}
	return id, nil
}

func journeyID(field, name string) (string, error) {
	parent, ok := strings.CutSuffix(name, "/journey")
	if !ok {
		return "", fault.Invalid(field, "must have the form customers/{customer}/journey")
	}
	return customerID(field, parent)
}

func journeyName(customer string) string { return "customers/" + customer + "/journey" }

func transitionName(customer, id string) string {
	return "customers/" + customer + "/stageTransitions/" + id
}

// settingPrefix begins the ids of transitions that persons made; those of computed
// ones are their time and their stage.
const settingPrefix = "set-"

func transitionProto(customer string, t *Transition) *profilev1.StageTransition {
	p := &profilev1.StageTransition{
		Name: transitionName(customer, fmt.Sprintf("%d-%s", t.TimeMS, t.To)),
		From: profilev1.JourneyStage(t.From), To: profilev1.JourneyStage(t.To),
		TransitionTime: timestamppb.New(time.UnixMilli(t.TimeMS)),
		Cause:          &profilev1.StageTransition_Rule{Rule: int32(t.Rule)},
	}
	if t.Setting != nil {
		p.Name = transitionName(customer, settingPrefix+t.Setting.ID)
		p.Cause, p.SetBy = &profilev1.StageTransition_Reason{Reason: t.Setting.Reason}, t.Setting.By
	}
	return p
}
