package demo

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// accounts is how many enterprises get contacts; the one with most is shown.
const accounts = 5

// accounts writes down who decides at some enterprises, and shows what is missing
// at the one that is known best.
func (d *demo) account(ctx context.Context) error {
	var largest shop.Customer
	made, most := 0, 0
	for c := range d.shop.Customers() {
		if !c.Enterprise {
			continue
		}
		contacts := d.shop.Contacts(c)
		if err := d.contacts(ctx, c, contacts); err != nil {
			return err
		}
		if len(contacts) > most {
			largest, most = c, len(contacts)
		}
		if made++; made == accounts {
			break
		}
	}
	if most == 0 {
		return nil
	}
	return d.showAccount(ctx, largest, d.shop.Contacts(largest))
}

func (d *demo) contacts(ctx context.Context, c shop.Customer, all []shop.Contact) error {
	parent := "customers/" + c.ID
	for _, person := range all {
		contact := &profilev1.Contact{
			DisplayName: person.Name, JobTitle: person.Title, Concerns: []string{person.Concern},
			Role:      profilev1.ChainRole(profilev1.ChainRole_value["CHAIN_ROLE_"+strings.ToUpper(person.Role)]),
			Attitude:  profilev1.Attitude(profilev1.Attitude_value["ATTITUDE_"+strings.ToUpper(person.Attitude)]),
			Influence: int32(person.Influence), Decides: person.Decides,
		}
		if person.ReportsTo != "" {
			contact.ReportsTo = parent + "/contacts/" + person.ReportsTo
		}
		if person.DaysAgo >= 0 {
			contact.LastContactTime = timestamppb.New(d.now.AddDate(0, 0, -person.DaysAgo))
		}
		if _, err := profilev1.NewAccountServiceClient(d.conn).CreateContact(ctx, &profilev1.CreateContactRequest{
			Parent: parent, ContactId: person.ID, Contact: contact,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) showAccount(ctx context.Context, c shop.Customer, contacts []shop.Contact) error {
	plan := "customers/" + c.ID + "/accountPlan"
	coverage, err := profilev1.NewAccountServiceClient(d.conn).AnalyzeAccount(ctx, &profilev1.AnalyzeAccountRequest{Name: plan})
	if err != nil {
		return err
	}
	d.page.Heading(fmt.Sprintf("Deciding chain 关键决策链 of %s, %d contacts (truth: %d)", c.Name, coverage.GetContacts(), len(contacts)))
	rows := [][]string{{"role", "who", "last contact"}}
	for _, r := range coverage.GetRoles() {
		who, last := "nobody known", ""
		for _, contact := range contacts {
			if len(r.GetContacts()) > 0 && strings.HasSuffix(r.GetContacts()[0], "/"+contact.ID) {
				who = contact.Name + ", " + contact.Title + ", " + contact.Attitude
				last = "never"
			}
		}
		if r.GetLastContactTime() != nil {
			last = r.GetLastContactTime().AsTime().Format("2006-01-02")
		}
		rows = append(rows, []string{word(r.GetRole().String(), "CHAIN_ROLE_"), who, last})
	}
	d.page.Table(rows)
	for _, risk := range coverage.GetRisks()[:min(2, len(coverage.GetRisks()))] {
		d.page.Item(risk.GetDescription().GetEn() + " → " + risk.GetAdvice().GetEn())
	}
	d.yourself("kehu profile analyze-account --name " + plan)
	return nil
}

// care plans contacts with customers and shows which are overdue.
func (d *demo) care(ctx context.Context) error {
	client := profilev1.NewCareServiceClient(d.conn)
	for t := range d.shop.CareTasks() {
		parent := "customers/" + t.CustomerID
		if _, err := client.UpdateCarePlan(ctx, &profilev1.UpdateCarePlanRequest{
			CarePlan: &profilev1.CarePlan{Name: parent + "/carePlan", Manager: t.Manager},
		}); err != nil {
			return err
		}
		task, err := client.CreateCareTask(ctx, &profilev1.CreateCareTaskRequest{Parent: parent, CareTask: &profilev1.CareTask{
			Channel: profilev1.CareChannel_CARE_CHANNEL_CALL, Topic: profilev1.CareTopic_CARE_TOPIC_OTHER,
			DueTime: timestamppb.New(d.now.AddDate(0, 0, t.InDays)), Instructions: t.What,
		}})
		if err != nil {
			return err
		}
		if !t.Done {
			continue
		}
		if _, err := client.CompleteCareTask(ctx, &profilev1.CompleteCareTaskRequest{
			Name: task.GetName(), Author: t.Manager, Report: "talked it over",
			Outcome: profilev1.CareOutcome(profilev1.CareOutcome_value["CARE_OUTCOME_"+strings.ToUpper(t.Outcome)]),
		}); err != nil {
			return err
		}
	}
	return d.showCare(ctx)
}

func (d *demo) showCare(ctx context.Context) error {
	client := profilev1.NewCareServiceClient(d.conn)
	truth := d.shop.Overdue()
	d.page.Heading("Care 客户关怀: contacts that are overdue")
	rows := [][]string{{"manager", "overdue", "truth", "the longest since", "what"}}
	for _, manager := range shop.Salespeople {
		overdue, err := client.ListOverdueCareTasks(ctx, &profilev1.ListOverdueCareTasksRequest{Manager: manager, PageSize: 1000})
		if err != nil {
			return err
		}
		row := []string{manager, count(int64(len(overdue.GetCareTasks()))), count(int64(truth[manager])), "", ""}
		if len(overdue.GetCareTasks()) > 0 {
			first := overdue.GetCareTasks()[0]
			row[3], row[4] = first.GetDueTime().AsTime().Format("2006-01-02"), first.GetInstructions()
		}
		rows = append(rows, row)
	}
	d.page.Table(rows)
	d.yourself("kehu profile list-overdue-care-tasks --manager " + shop.Salespeople[0])
	d.page.Item("birthdays, holidays, the first weeks of new customers and regular calls are planned by rules:")
	d.yourself("kehu profile plan-care-tasks --wait")
	return nil
}

// style records what salespeople saw of some customers, and shows how they are
// read.
func (d *demo) style(ctx context.Context) error {
	client := profilev1.NewStyleServiceClient(d.conn)
	var read *profilev1.BehaviorStyle
	right, all := 0, 0
	for o := range d.shop.Observations() {
		observation := &profilev1.StyleObservation{Note: o.Note, Author: o.Author}
		for _, sign := range o.Signs {
			observation.Signs = append(observation.Signs, "styleSigns/"+sign)
		}
		judged, err := client.ObserveBehavior(ctx, &profilev1.ObserveBehaviorRequest{
			Name: "customers/" + o.CustomerID + "/behaviorStyle", Observation: observation,
		})
		if err != nil {
			return err
		}
		all++
		if word(judged.GetStyle().String(), "CUSTOMER_STYLE_") == o.Style {
			right++
		}
		if read == nil {
			read = judged
		}
	}
	d.page.Heading("Behaviour style 行为风格 of " + strings.TrimSuffix(read.GetName(), "/behaviorStyle"))
	d.page.Item(fmt.Sprintf("%s, with confidence %s, by %d signs; the weightiest: %s", word(read.GetStyle().String(), "CUSTOMER_STYLE_"),
		percent(read.GetConfidence()), len(read.GetEvidence()), read.GetEvidence()[0].GetText().GetEn()))
	d.page.Item("how to deal with it: " + read.GetAdvice().GetEn())
	d.page.Item("a mistake: " + read.GetTypicalMistakes()[0].GetEn())
	d.page.Item(fmt.Sprintf("%d of the %d customers observed are read as what they are; orders play no part", right, all))
	d.yourself("kehu profile get-behavior-style --name " + read.GetName())
	return nil
}
