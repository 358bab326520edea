package care

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

const (
	policyID     = "policy"
	usualZone    = "Asia/Shanghai"
	usualHour    = 10
	usualHorizon = 14
)

func say(zh, en string) *profilev1.Bilingual { return &profilev1.Bilingual{Zh: zh, En: en} }

// usualRules come with the product.
func usualRules() []*profilev1.CareRule {
	return []*profilev1.CareRule{
		{Rule: "birthday", Topic: profilev1.CareTopic_CARE_TOPIC_BIRTHDAY, Channel: profilev1.CareChannel_CARE_CHANNEL_MESSAGE,
			Text: say("祝生日快乐。", "Wish a happy birthday.")},
		{Rule: "holidays", Topic: profilev1.CareTopic_CARE_TOPIC_HOLIDAY, Channel: profilev1.CareChannel_CARE_CHANNEL_MESSAGE, DaysBefore: 1,
			Holidays: []profilev1.Holiday{
				profilev1.Holiday_HOLIDAY_SPRING_FESTIVAL, profilev1.Holiday_HOLIDAY_DRAGON_BOAT,
				profilev1.Holiday_HOLIDAY_MID_AUTUMN, profilev1.Holiday_HOLIDAY_NATIONAL_DAY,
			}, Text: say("节日问候，不推销。", "Send greetings, and sell nothing.")},
		{Rule: "new-customer", Topic: profilev1.CareTopic_CARE_TOPIC_NEW_CUSTOMER, Channel: profilev1.CareChannel_CARE_CHANNEL_CALL,
			DaysAfter: []int32{1, 7, 30}, Text: say("回访新客户：收货和使用是否顺利，有什么问题。", "Follow up the new customer: did all arrive, does it work, what is missing?")},
		{Rule: "stay-in-touch", Topic: profilev1.CareTopic_CARE_TOPIC_REGULAR, Channel: profilev1.CareChannel_CARE_CHANNEL_CALL, EveryDays: 90,
			Marketing: true, Text: say("定期联系：近况、新需求、可以介绍的产品。", "Stay in touch: how things are, what is needed, what may be of interest.")},
	}
}

// defaults fills what a policy leaves empty. The hour 0 is midnight, unless the
// zone is empty too: then nothing was said of either.
func defaults(p *profilev1.CarePolicy) *profilev1.CarePolicy {
	p = proto.Clone(p).(*profilev1.CarePolicy)
	p.Name = "carePolicy"
	if p.GetTimeZone() == "" {
		p.TimeZone = usualZone
		if p.GetDueHour() == 0 {
			p.DueHour = usualHour
		}
	}
	if p.GetHorizonDays() == 0 {
		p.HorizonDays = usualHorizon
	}
	if len(p.GetRules()) == 0 {
		p.Rules = usualRules()
	}
	return p
}

// checkPolicy reports what is wrong with a policy beyond its shape.
func checkPolicy(p *profilev1.CarePolicy) error {
	if err := aip.CheckText(p); err != nil {
		return err
	}
	if _, err := aip.Zone("time_zone", p.GetTimeZone()); err != nil {
		return err
	}
	var faults []*fault.Fault
	wrong := func(field, format string, args ...any) {
		faults = append(faults, fault.Invalid(field, format, args...))
	}
	seen := make(map[string]bool)
	for i, r := range p.GetRules() {
		at := func(field string) string { return fmt.Sprintf("rules[%d].%s", i, field) }
		if seen[r.GetRule()] {
			wrong(at("rule"), "must be an id that no other rule has, is %q again", r.GetRule())
		}
		seen[r.GetRule()] = true
		switch r.GetTopic() {
		case profilev1.CareTopic_CARE_TOPIC_BIRTHDAY:
		case profilev1.CareTopic_CARE_TOPIC_HOLIDAY:
			if len(r.GetHolidays()) == 0 {
				wrong(at("holidays"), "must name at least one for a rule about holidays")
			}
		case profilev1.CareTopic_CARE_TOPIC_NEW_CUSTOMER:
			if len(r.GetDaysAfter()) == 0 {
				wrong(at("days_after"), "must name at least one for a rule about new customers, e.g. 1, 7, 30")
			}
			if r.GetDaysBefore() != 0 {
				wrong(at("days_before"), "must be 0 for a rule about new customers")
			}
		case profilev1.CareTopic_CARE_TOPIC_REGULAR:
			if r.GetEveryDays() < 1 {
				wrong(at("every_days"), "must be at least 1 for a rule about regular contacts")
			}
		default:
			wrong(at("topic"), "must be BIRTHDAY, HOLIDAY, NEW_CUSTOMER or REGULAR: others are planned by hand")
		}
		if len(r.GetText().GetZh()) > 4096 || len(r.GetText().GetEn()) > 4096 {
			wrong(at("text"), "must have at most 4,096 bytes in each language")
		}
	}
	return fault.Merge(faults...)
}

// policy is the policy in force.
func (s *Server) policy(ctx context.Context) (*profilev1.CarePolicy, error) {
	doc, err := s.policies.Get(ctx, policyID)
	if errors.Is(err, docstore.ErrNotFound) {
		return defaults(&profilev1.CarePolicy{}), nil
	}
	if err != nil {
		return nil, err
	}
	return readPolicy(doc)
}

func readPolicy(doc *policyDoc) (*profilev1.CarePolicy, error) {
	p := &profilev1.CarePolicy{}
	if err := proto.Unmarshal(doc.Content, p); err != nil {
		return nil, fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "the care policy cannot be read").Because(err)
	}
	p = defaults(p)
	p.UpdateTime, p.Etag = aip.Timestamp(doc.UpdatedAt), etag.Of(doc.Version)
	return p, nil
}

// GetCarePolicy returns the policy in force.
func (s *Server) GetCarePolicy(ctx context.Context, _ *profilev1.GetCarePolicyRequest) (*profilev1.CarePolicy, error) {
	return s.policy(ctx)
}

// UpdateCarePolicy replaces the policy.
func (s *Server) UpdateCarePolicy(ctx context.Context, r *profilev1.UpdateCarePolicyRequest) (*profilev1.CarePolicy, error) {
	given := r.GetCarePolicy()
	if err := checkPolicy(given); err != nil {
		return nil, aip.Within("care_policy", err)
	}
	kept := proto.Clone(given).(*profilev1.CarePolicy)
	kept.Name, kept.Etag, kept.UpdateTime = "", "", nil
	content, err := proto.Marshal(kept)
	if err != nil {
		return nil, err
	}
	doc, err := s.policies.Upsert(ctx, policyID, func(doc *policyDoc, _ bool) error {
		if err := etag.Check(given.GetEtag(), doc.Version); err != nil {
			return err
		}
		doc.Content = content
		if r.GetValidateOnly() {
			return docstore.ErrUnchanged
		}
		return nil
	})
	if err != nil {
		return nil, aip.Within("care_policy", err)
	}
	if r.GetValidateOnly() {
		return defaults(kept), nil
	}
	return readPolicy(doc)
}

// due is the instant of a day at which contacts are due.
func due(p *profilev1.CarePolicy, zone *time.Location, day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), int(p.GetDueHour()), 0, 0, 0, zone).UTC()
}
