// Package leads is profile's room for chances of a sale: the pipeline of the
// closing steps, its forecast, and what won and lost leads teach.
//
//	leads       _id lead    the leads
//	lead_policy _id policy  how they are judged
//
// What a lead says of a person or a company is sealed under the key of its
// customer, or of the lead itself while there is none. What lists, forecasts and
// statistics go by stands open: customer id, owner, stage, state, value, dates,
// and why and against whom it was closed.
package leads

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// Patterns of the resource names.
const (
	leadPattern     = "leads/{lead}"
	customerPattern = "customers/{customer}"
	orderPattern    = "customers/{customer}/orders/{order}"
)

// record is a lead as it is stored.
type record struct {
	docstore.Meta `bson:",inline"`
	Subject       string                  `bson:"subject"`           // whose key seals the content
	Content       []byte                  `bson:"content,omitempty"` // a Lead, without what stands below
	Customer      string                  `bson:"customer,omitempty"`
	Owner         string                  `bson:"owner"`
	Stage         profilev1.LeadStage     `bson:"stage"`
	Reached       profilev1.LeadStage     `bson:"reached"` // the furthest stage it was ever at
	State         profilev1.LeadState     `bson:"state"`
	ValueMinor    int64                   `bson:"value_minor,omitempty"`
	Currency      string                  `bson:"currency,omitempty"` // empty without a value
	CloseDate     string                  `bson:"close_date,omitempty"`
	ClosedAt      time.Time               `bson:"closed_at,omitempty"`
	Reasons       []profilev1.CloseReason `bson:"reasons,omitempty"`
	Competitor    string                  `bson:"competitor,omitempty"`
	Conversion    *conversion             `bson:"conversion,omitempty"`
	Request       aip.RequestKey          `bson:"request"`
	CreatedAt     time.Time               `bson:"created_at"`
}

// conversion is the customer a lead becomes. Until Done, the customer may not
// have been made yet.
type conversion struct {
	Customer string    `bson:"customer"`
	Since    time.Time `bson:"since"`
	Done     bool      `bson:"done"`
}

// converted reports whether the lead has become a customer, or is about to.
func (r *record) converted() bool { return r.Conversion != nil }

// subject is whose key seals a lead. No customer's id has a slash.
func subject(r *record) string {
	if r.Customer != "" {
		return r.Customer
	}
	return prospect(r.ID)
}

// prospect is the subject of a lead that is no customer yet.
func prospect(id string) string { return "leads/" + docstore.ParseID(id)[0] }

func place(r *record) string { return "leads!" + r.ID }

// open is the lead of a record.
func open(ctx context.Context, v sealed.Vault, r *record) (*profilev1.Lead, error) {
	l := &profilev1.Lead{}
	if err := sealed.Open(ctx, v, r.Subject, place(r), r.Content, l); err != nil {
		return nil, err
	}
	l.Name = aip.Name(leadPattern, docstore.ParseID(r.ID)[0])
	if r.Customer != "" {
		l.Customer = aip.Name(customerPattern, r.Customer)
	}
	l.Owner, l.Stage, l.State = r.Owner, r.Stage, r.State
	if r.Currency != "" {
		l.ExpectedValue = &apiv1.Money{MinorUnits: r.ValueMinor, CurrencyCode: r.Currency}
	}
	l.ExpectedCloseDate = aip.Date(r.CloseDate)
	if !r.ClosedAt.IsZero() {
		if l.Closing == nil {
			l.Closing = &profilev1.LeadClosing{}
		}
		l.Closing.Reasons, l.Closing.Competitor = r.Reasons, r.Competitor
		l.Closing.CloseTime = timestamppb.New(r.ClosedAt)
	}
	l.CreateTime, l.UpdateTime = timestamppb.New(r.CreatedAt), aip.Timestamp(r.UpdatedAt)
	l.Etag = etag.Of(r.Version)
	return l, nil
}

// fill writes a lead into its record, and seals what belongs to the content.
// The lead has been checked.
func fill(ctx context.Context, v sealed.Vault, r *record, l *profilev1.Lead) error {
	r.Customer = ""
	if l.GetCustomer() != "" {
		if err := aip.ParseName("customer", l.GetCustomer(), customerPattern, &r.Customer); err != nil {
			return err
		}
	}
	day, err := aip.Day("expected_close_date", l.GetExpectedCloseDate())
	if err != nil {
		return err
	}
	r.Owner, r.Stage, r.State, r.CloseDate = l.GetOwner(), l.GetStage(), l.GetState(), day
	r.ValueMinor, r.Currency = l.GetExpectedValue().GetMinorUnits(), l.GetExpectedValue().GetCurrencyCode()
	r.Reached = reached(l)
	r.ClosedAt, r.Reasons, r.Competitor = time.Time{}, nil, ""
	content := proto.Clone(l).(*profilev1.Lead)
	if c := content.GetClosing(); c != nil {
		r.ClosedAt, r.Reasons, r.Competitor = c.GetCloseTime().AsTime(), c.GetReasons(), c.GetCompetitor()
		c.CloseTime, c.Reasons, c.Competitor = nil, nil, ""
	}
	content.Name, content.Customer, content.Owner, content.Etag = "", "", "", ""
	content.Stage, content.State, content.ExpectedValue, content.ExpectedCloseDate = 0, 0, nil, nil
	content.CreateTime, content.UpdateTime = nil, nil
	content.Probability, content.FactorStanding, content.SalesModeAdvice = nil, nil, nil
	if a := content.GetAssessment(); a != nil {
		a.Score, a.Advice = nil, nil
	}
	r.Subject = subject(r)
	r.Content, err = sealed.Seal(ctx, v, r.Subject, place(r), content)
	return err
}
