package accounts

import (
	"cmp"
	"context"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// mostChanges is how many organisational changes a plan keeps.
const mostChanges = 200

// planFields are the fields of a plan that an update sets.
var planFields = []string{"strategy", "buying_habits", "deciding_roles"}

// account reads the customer of a plan's name, and refuses one that is no account.
func (s *Server) accountOf(ctx context.Context, field, name string) (customer string, err error) {
	if err := aip.ParseName(field, name, planPattern, &customer); err != nil {
		return "", err
	}
	return customer, s.account(ctx, customer)
}

// GetAccountPlan returns the plan of an account.
func (s *Server) GetAccountPlan(ctx context.Context, r *profilev1.GetAccountPlanRequest) (*profilev1.AccountPlan, error) {
	customer, err := s.accountOf(ctx, "name", r.GetName())
	if err != nil {
		return nil, err
	}
	return s.getPlan(ctx, customer)
}

// UpdateAccountPlan changes the fields that the mask names.
func (s *Server) UpdateAccountPlan(ctx context.Context, r *profilev1.UpdateAccountPlanRequest) (*profilev1.AccountPlan, error) {
	customer, err := s.accountOf(ctx, "account_plan.name", r.GetAccountPlan().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), r.GetAccountPlan(), planFields)
	if err != nil {
		return nil, err
	}
	if err := aip.CheckText(aip.Only(r.GetAccountPlan(), planFields)); err != nil {
		return nil, aip.Within("account_plan", err)
	}
	p, err := s.changePlan(ctx, customer, r.GetValidateOnly(), func(version int64, p *profilev1.AccountPlan) error {
		if err := etag.Check(r.GetAccountPlan().GetEtag(), version); err != nil {
			return err
		}
		aip.Take(p, r.GetAccountPlan(), fields)
		return nil
	})
	return p, aip.Within("account_plan", err)
}

// LogOrganisationChange adds a change of the organisation to the plan.
func (s *Server) LogOrganisationChange(ctx context.Context, r *profilev1.LogOrganisationChangeRequest) (*profilev1.AccountPlan, error) {
	customer, err := s.accountOf(ctx, "name", r.GetName())
	if err != nil {
		return nil, err
	}
	change := proto.Clone(r.GetChange()).(*profilev1.OrganisationChange)
	day, err := aip.Day("date", change.GetDate())
	if err == nil {
		err = aip.CheckText(change)
	}
	if err != nil {
		return nil, aip.Within("change", err)
	}
	now := s.now()
	if day > now.AddDate(1, 0, 0).Format("2006-01-02") {
		return nil, fault.Invalid("change.date", "must not lie more than a year ahead")
	}
	change.LogTime = timestamppb.New(now)
	return s.changePlan(ctx, customer, false, func(_ int64, p *profilev1.AccountPlan) error {
		for _, known := range p.GetOrganisationChanges() {
			if sameChange(known, change) {
				return nil
			}
		}
		p.OrganisationChanges = append(p.OrganisationChanges, change)
		slices.SortStableFunc(p.OrganisationChanges, func(a, b *profilev1.OrganisationChange) int {
			return cmp.Or(cmp.Compare(dayOf(b), dayOf(a)), b.GetLogTime().AsTime().Compare(a.GetLogTime().AsTime()))
		})
		p.OrganisationChanges = p.OrganisationChanges[:min(len(p.OrganisationChanges), mostChanges)]
		return nil
	})
}

func sameChange(a, b *profilev1.OrganisationChange) bool {
	return proto.Equal(a.GetDate(), b.GetDate()) && a.GetDescription() == b.GetDescription() && a.GetEffect() == b.GetEffect()
}

func dayOf(c *profilev1.OrganisationChange) string {
	day, err := aip.Day("date", c.GetDate())
	if err != nil {
		return "" // was checked before it was kept
	}
	return day
}

// AnalyzeAccount tells how well those who decide are known and reached. Contacts
// at merged records of the customer count.
func (s *Server) AnalyzeAccount(ctx context.Context, r *profilev1.AnalyzeAccountRequest) (*profilev1.AccountCoverage, error) {
	customer, err := s.accountOf(ctx, "name", r.GetName())
	if err != nil {
		return nil, err
	}
	p, err := s.getPlan(ctx, customer)
	if err != nil {
		return nil, err
	}
	members, err := s.family.Members(ctx, customer)
	if err != nil {
		return nil, err
	}
	var all []*profilev1.Contact
	for _, member := range members {
		some, err := s.everybody(ctx, member)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	c := analyze(all, p, s.now(), cmp.Or(r.GetWindowDays(), usualWindow))
	c.Customer = aip.Name(customerPattern, customer)
	return c, nil
}
