package profile

import (
	"context"
	"iter"

	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/handler"
	"github.com/kehuhq/kehu/services/profile/internal/rights"
)

// openRights opens the room that reaches every other one.
func (s *Service) openRights(ctx context.Context, deps Deps) (*rights.Server, error) {
	orders := kind("orders", "Orders", "订单", shown(s.store.Orders.Of, handler.OrderProto), s.store.Orders.Erase)
	return rights.New(ctx, rights.Deps{
		Engine: deps.Engine, Vault: deps.Vault, Operations: s.operations, Clock: s.now,
		Customers: s.store.Customers, Records: s.personalRecords(orders), DeletedOrders: orders,
		Subjects: s.vaultSubjects, Delete: s.app.EraseCustomer, Peers: peers(deps),
	})
}

// peers are the other services of the installation.
func peers(deps Deps) (all []rights.Peer) {
	if deps.Valuation != nil {
		all = append(all, rights.Valuation(deps.Valuation))
	}
	if deps.Segmentation != nil {
		all = append(all, rights.Segmentation(deps.Segmentation))
	}
	if deps.Referral != nil {
		all = append(all, rights.Referral(deps.Referral))
	}
	if deps.Feedback != nil {
		all = append(all, rights.Feedback(deps.Feedback))
	}
	return all
}

// personalRecords are all kinds of records that the rooms keep about persons, in
// the order in which a copy of them is read, and in which they are erased.
func (s *Service) personalRecords(orders rights.Records) []rights.Records {
	orders.Stays = "Books have to be kept: the orders stay as orders without a buyer."
	orders.Erase = s.store.Orders.Disown
	r, a := s.relations, s.analyses
	granted := consents.NewServer(s.consents.consents)
	return []rights.Records{
		// It goes last, with its key: see app.EraseCustomer.
		kind("customers", "Your record", "客户档案", s.record, nothing),
		kind("customer_changes", "Changes of your record", "档案变更", s.changes, nothing),
		kind("consents", "Your consents", "授权同意", granted.Of, granted.Erase),
		orders,
		kind("events", "What you did", "行为事件", s.events.Of, nothing),
		kind("visitors", "Devices on which you were recognised", "识别到的设备", all(s.events.LinkedTo), s.events.Erase),
		kind("leads", "Sales talks", "销售线索", r.leads.Of, r.leads.Erase),
		kind("contacts", "Contacts", "联系人", all(r.accounts.ContactsOf), r.accounts.EraseContacts),
		kind("account_plan", "Account plan", "客户策略", all(r.accounts.PlanOf), r.accounts.ErasePlan),
		kind("care_plan", "Care plan", "关怀计划", all(r.care.PlanOf), r.care.ErasePlan),
		kind("care_tasks", "Calls, visits and greetings", "关怀记录", r.care.TasksOf, r.care.EraseTasks),
		kind("style_observations", "Observations of behaviour", "行为风格观察", r.style.Of, r.style.Erase),
		kind("stage_settings", "Stages of the journey that were set by hand", "人工设定的旅程阶段", a.journeys.SettingsOf, a.journeys.Erase),
		kind("analyses", "Analyses on whose lists you are", "所在的分析名单", a.analysis.ListsWith, a.analysis.Erase),
		kind("data_quality_reports", "Reports that name you as an example", "以您为例的数据质量报告", s.quality.Naming, s.quality.Erase),
		kind("duplicate_candidates", "Possible duplicates of your record", "疑似重复档案", s.duplicates.Of, s.duplicates.Erase),
		kind("merge_records", "Records that were merged", "合并记录", s.merger.Of, s.merger.Erase),
	}
}

// vaultSubjects are the names under which the vault has keys of a customer's record,
// beside its id.
func (s *Service) vaultSubjects(ctx context.Context, customer string) ([]string, error) {
	subjects, err := s.events.Subjects(ctx, customer)
	if err != nil {
		return nil, err
	}
	leads, err := s.relations.leads.Subjects(ctx, customer)
	return append(subjects, leads...), err
}

func (s *Service) record(ctx context.Context, customer string) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		found, err := s.store.Customers.GetMany(ctx, []string{customer})
		switch {
		case err != nil:
			yield(nil, err)
		case found[0] != nil:
			yield(handler.RecordProto(found[0]), nil)
		}
	}
}

func (s *Service) changes(ctx context.Context, customer string) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		for c, err := range s.store.Changes.Of(ctx, customer) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(handler.ChangeProto(customer, c), nil) {
				return
			}
		}
		found, err := s.store.Customers.GetMany(ctx, []string{customer})
		switch {
		case err != nil:
			yield(nil, err)
		case found[0] != nil && found[0].LastChange != nil:
			yield(handler.ChangeProto(customer, found[0].LastChange), nil)
		}
	}
}

// kind describes records of a kind.
func kind[M proto.Message](id, title, titleZh string, read func(context.Context, string) iter.Seq2[M, error], erase func(context.Context, string) error) rights.Records {
	return rights.Records{
		Section: personaldata.Section{ID: id, Title: title, TitleZh: titleZh},
		Read: func(ctx context.Context, customer string) iter.Seq2[proto.Message, error] {
			return func(yield func(proto.Message, error) bool) {
				for m, err := range read(ctx, customer) {
					if !yield(m, err) || err != nil {
						return
					}
				}
			}
		},
		Erase: func(ctx context.Context, customer, _ string) error { return erase(ctx, customer) },
	}
}

// nothing erases nothing: the records go with others.
func nothing(context.Context, string) error { return nil }

// all yields what comes as a list.
func all[M any](list func(context.Context, string) ([]M, error)) func(context.Context, string) iter.Seq2[M, error] {
	return func(ctx context.Context, customer string) iter.Seq2[M, error] {
		return func(yield func(M, error) bool) {
			found, err := list(ctx, customer)
			if err != nil {
				var none M
				yield(none, err)
				return
			}
			for _, m := range found {
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}

// shown yields records as the API shows them.
func shown[D any, M proto.Message](read func(context.Context, string) iter.Seq2[*D, error], show func(*D) M) func(context.Context, string) iter.Seq2[M, error] {
	return func(ctx context.Context, customer string) iter.Seq2[M, error] {
		return func(yield func(M, error) bool) {
			for d, err := range read(ctx, customer) {
				if err != nil {
					var none M
					yield(none, err)
					return
				}
				if !yield(show(d), nil) {
					return
				}
			}
		}
	}
}
