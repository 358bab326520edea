package accounts

import (
	"cmp"
	"fmt"
	"slices"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

func say(zh, en string) *profilev1.Bilingual { return &profilev1.Bilingual{Zh: zh, En: en} }

// roleWords are the roles in words.
var roleWords = map[profilev1.ChainRole]*profilev1.Bilingual{
	profilev1.ChainRole_CHAIN_ROLE_CHAIRMAN:   say("董事长", "chairman"),
	profilev1.ChainRole_CHAIN_ROLE_MANAGEMENT: say("总经理", "management"),
	profilev1.ChainRole_CHAIN_ROLE_FINANCE:    say("财务", "finance"),
	profilev1.ChainRole_CHAIN_ROLE_TECHNOLOGY: say("技术", "technology"),
	profilev1.ChainRole_CHAIN_ROLE_USER:       say("使用部门", "users"),
	profilev1.ChainRole_CHAIN_ROLE_PURCHASING: say("采购", "purchasing"),
	profilev1.ChainRole_CHAIN_ROLE_LEGAL:      say("法务", "legal"),
	profilev1.ChainRole_CHAIN_ROLE_GATEKEEPER: say("把关人", "gatekeeper"),
	profilev1.ChainRole_CHAIN_ROLE_COACH:      say("内线", "coach"),
	profilev1.ChainRole_CHAIN_ROLE_OTHER:      say("其他角色", "other roles"),
}

// texts are what a risk is and what to do about it.
type texts struct{ description, advice *profilev1.Bilingual }

var riskTexts = map[string]texts{
	"NO_CONTACTS": {say("在该客户还没有任何联系人。", "Nobody at this customer is known."),
		say("先通过前台、官网、老客户或招标公告找到使用部门和采购的联系人。", "Find somebody in the using department and in purchasing first: by switchboard, web site, other customers or tenders.")},
	"NO_DECIDER_KNOWN": {say("不知道谁拍板。", "It is not known who has the last word."),
		say("请支持者画出审批流程，问清最终由谁签字。", "Ask a supporter to draw the approval process, and who signs in the end.")},
	"DECIDER_OPPOSED": {say("拍板人不认可我们。", "Whoever has the last word is against us."),
		say("弄清其顾虑，安排对等高层见面，用其关心的指标作证明，再谈方案。", "Learn the concerns, arrange a meeting at the same level, prove what matters to this person, and only then talk of the solution.")},
	"DECIDER_NOT_CONTACTED": {say("近期没有与拍板人联系。", "Whoever has the last word has not been spoken with lately."),
		say("安排拜访或高层电话，带上对其业务目标有用的内容。", "Arrange a visit or a call at senior level, and bring something that serves this person's aims.")},
	"ROLE_UNKNOWN": {say("决策链中缺少联系人：%s。", "Nobody is known in the deciding chain for: %s."),
		say("请已有联系人引见该角色。", "Ask a contact for an introduction.")},
	"ROLE_NOT_CONTACTED": {say("近期没有与该角色联系：%s。", "Nobody in this role was contacted lately: %s."),
		say("安排一次与其关注点相关的沟通。", "Plan a contact that speaks to what this role cares about.")},
	"SUPPORT_WITHOUT_INFLUENCE": {say("支持我们的人都没有影响力。", "Only people without influence support us."),
		say("通过支持者接触有影响力的人，不要把进展寄托在现有支持者身上。", "Let supporters open the way to people with influence, and do not rest progress on them.")},
	"STRONG_OPPONENT": {say("有影响力的人反对我们。", "Somebody with influence is against us."),
		say("单独听取意见，解决或中和其顾虑；争取更高层或同级支持。", "Hear the objections in private, settle or outweigh them, and win support at the same level or above.")},
	"SINGLE_THREAD": {say("只与一个人保持联系。", "Contact rests on a single person."),
		say("再建立至少两条联系线，防止人员变动使客户流失。", "Build at least two more lines of contact, so that one departure does not lose the account.")},
	"ATTITUDE_UNKNOWN": {say("不了解有影响力者的态度。", "How somebody with influence stands towards us is not known."),
		say("当面请教其对项目的看法并记录态度。", "Ask for this person's view of the project, and record the attitude.")},
	"REPORTING_CYCLE": {say("汇报关系成环，记录有误。", "The reporting lines run in a circle: the record is wrong."),
		say("核对组织结构并更正汇报对象。", "Check the organisation and correct who reports to whom.")},
	"RECENT_CHANGE": {say("客户组织近期有变动。", "The customer's organisation changed lately."),
		say("重新确认决策链和各人的态度。", "Confirm the deciding chain and everybody's attitude again.")},
}

// risk makes a risk of a code; role 0 is none.
func risk(code string, severity int32, role profilev1.ChainRole, about ...*profilev1.Contact) *profilev1.AccountRisk {
	t := riskTexts[code]
	r := &profilev1.AccountRisk{Code: code, Severity: severity, Role: role, Description: t.description, Advice: t.advice}
	if word := roleWords[role]; word != nil {
		r.Description = say(fmt.Sprintf(t.description.GetZh(), word.GetZh()), fmt.Sprintf(t.description.GetEn(), word.GetEn()))
	}
	for _, c := range about {
		r.Contacts = append(r.Contacts, c.GetName())
	}
	return r
}

// risks are what threatens the account, the gravest first.
func (a *account) risks(roles []*profilev1.RoleCoverage) []*profilev1.AccountRisk {
	var all []*profilev1.AccountRisk
	add := func(code string, severity int32, about []*profilev1.Contact) {
		if len(about) > 0 {
			all = append(all, risk(code, severity, 0, about...))
		}
	}
	if len(a.contacts) == 0 {
		all = append(all, risk("NO_CONTACTS", 3, 0))
	}
	against := func(c *profilev1.Contact) bool { return leaning[c.GetAttitude()] < 0 }
	decides := (*profilev1.Contact).GetDecides
	if deciders := a.which(decides); len(deciders) == 0 && len(a.contacts) > 0 {
		all = append(all, risk("NO_DECIDER_KNOWN", 3, 0))
	}
	add("DECIDER_OPPOSED", 3, a.which(func(c *profilev1.Contact) bool { return decides(c) && against(c) }))
	add("STRONG_OPPONENT", 3, a.which(func(c *profilev1.Contact) bool { return !decides(c) && against(c) && c.GetInfluence() >= weighty }))
	add("SUPPORT_WITHOUT_INFLUENCE", 3, a.slightSupport())
	add("DECIDER_NOT_CONTACTED", 2, a.which(func(c *profilev1.Contact) bool { return decides(c) && !a.recent(c) }))
	if recent := a.which(a.recent); len(recent) == 1 {
		add("SINGLE_THREAD", 2, recent)
	}
	add("ATTITUDE_UNKNOWN", 1, a.which(func(c *profilev1.Contact) bool {
		return c.GetAttitude() == profilev1.Attitude_ATTITUDE_UNSPECIFIED && (c.GetInfluence() >= weighty || decides(c))
	}))
	above := superiors(a.contacts)
	add("REPORTING_CYCLE", 1, a.which(func(c *profilev1.Contact) bool { return inCycle(c.GetName(), above) }))
	if a.changedLately() > 0 {
		all = append(all, risk("RECENT_CHANGE", 2, 0))
	}
	for _, r := range roles {
		switch {
		case !r.GetDeciding():
		case len(r.GetContacts()) == 0:
			all = append(all, risk("ROLE_UNKNOWN", 2, r.GetRole()))
		case !r.GetContacted():
			all = append(all, risk("ROLE_NOT_CONTACTED", 1, r.GetRole()))
		}
	}
	slices.SortStableFunc(all, func(x, y *profilev1.AccountRisk) int { return cmp.Compare(y.GetSeverity(), x.GetSeverity()) })
	return all
}

// slightSupport are those who are for us, where none of them has influence.
func (a *account) slightSupport() []*profilev1.Contact {
	friends := a.which(func(c *profilev1.Contact) bool { return leaning[c.GetAttitude()] > 0 })
	for _, c := range friends {
		if c.GetInfluence() > slight || c.GetInfluence() == 0 {
			return nil
		}
	}
	return friends
}
