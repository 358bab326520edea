package demo

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// decide records what the customers decided about the use of their data, and asks
// whom marketing may write to.
func (d *demo) decide(ctx context.Context) error {
	stage := d.settings.Progress.Start("recording consents", 0, progress.Count)
	client := profilev1.NewConsentServiceClient(d.conn)
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for decision := range d.shop.Decisions() {
		group.Go(func() error {
			_, err := client.SetConsent(within, consentOf(decision))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	truth := d.shop.Choices()
	stage.Set(int64(truth.Decisions), 0)
	stage.End()
	allowed, err := d.allowed(ctx, shop.MarketingPurpose)
	if err != nil {
		return err
	}
	d.page.Heading("Consents 同意")
	d.page.Table([][]string{
		{"", "found", "truth"},
		{"may be written to for marketing", count(allowed), count(int64(truth.Allowing))},
	})
	d.page.Item(fmt.Sprintf("%d customers were asked about marketing: %d refused, %d agreed and took it back later. Who was not asked is not written to. %d object to being analysed: no analysis below counts them.",
		truth.Asked, truth.Refused, truth.Withdrew, len(truth.Objectors)))
	d.yourself("kehu profile list-purposes", "kehu profile list-consents --parent customers/"+d.decided())
	return nil
}

// decided is a customer who decided about something.
func (d *demo) decided() string {
	for decision := range d.shop.Decisions() {
		return decision.CustomerID
	}
	return ""
}

func consentOf(c shop.Decision) *profilev1.SetConsentRequest {
	state := profilev1.ConsentState_CONSENT_STATE_WITHDRAWN
	if c.Granted {
		state = profilev1.ConsentState_CONSENT_STATE_GRANTED
	}
	return &profilev1.SetConsentRequest{Consent: &profilev1.Consent{
		Name: "customers/" + c.CustomerID + "/consents/" + c.Purpose,
		Decision: &profilev1.ConsentDecision{
			State: state, DecideTime: timestamppb.New(c.Time),
			Evidence: &profilev1.ConsentEvidence{Source: c.Source, TextVersion: "privacy-2023-07"},
		},
	}}
}

// allowed counts the customers of the shop for whom a purpose is allowed.
func (d *demo) allowed(ctx context.Context, purpose string) (n int64, err error) {
	request := &profilev1.BatchCheckConsentsRequest{Purpose: "purposes/" + purpose}
	check := func() error {
		if len(request.Customers) == 0 {
			return nil
		}
		answer, err := profilev1.NewConsentServiceClient(d.conn).BatchCheckConsents(ctx, request)
		if err != nil {
			return err
		}
		for _, yes := range answer.GetAllowed() {
			if yes {
				n++
			}
		}
		request.Customers = nil
		return nil
	}
	for c := range d.shop.Customers() {
		if request.Customers = append(request.Customers, "customers/"+c.ID); len(request.Customers) == 1000 {
			if err := check(); err != nil {
				return 0, err
			}
		}
	}
	return n, check()
}

// withdraw has a customer object to being analysed, and shows that the funnel has
// one customer less at each step that the customer took.
func (d *demo) withdraw(ctx context.Context) error {
	who := ""
	objectors := d.shop.Choices().Objectors
	for v := range d.shop.Visits() {
		if v.Depth == shop.Steps && !objectors[v.Customer] {
			who = v.Customer
			break
		}
	}
	if who == "" || d.funnelled == nil {
		return nil
	}
	before := d.funnelled
	decision := shop.Decision{CustomerID: who, Purpose: shop.AnalyticsPurpose, Time: d.now, Source: "e-mail"}
	if err := d.setConsent(ctx, decision); err != nil {
		return err
	}
	without, err := d.analyse(ctx, visitFunnel())
	if err != nil {
		return err
	}
	// The last word counts: with it the customer is back, and so are the figures.
	decision.Granted, decision.Time = true, d.now.Add(1)
	if err := d.setConsent(ctx, decision); err != nil {
		return err
	}
	d.page.Heading("Rights 权利: customers/" + who + " objects to being analysed")
	rows := [][]string{{"customers", "before", "after"}, {"in the analysis", count(before.GetPopulationSize()), count(without.GetPopulationSize())}}
	for i, s := range before.GetFunnelResult().GetSteps() {
		rows = append(rows, []string{s.GetDisplayName(), count(s.GetReached()), count(without.GetFunnelResult().GetSteps()[i].GetReached())})
	}
	d.page.Table(rows)
	d.yourself("kehu profile set-consent --consent.name customers/" + who + `/consents/analytics --consent.decision '{"state":"CONSENT_STATE_WITHDRAWN"}'`)
	return nil
}

func (d *demo) setConsent(ctx context.Context, decision shop.Decision) error {
	_, err := profilev1.NewConsentServiceClient(d.conn).SetConsent(ctx, consentOf(decision))
	return err
}
