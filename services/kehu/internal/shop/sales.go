package shop

import (
	"fmt"
	"iter"
	"math"
)

// Salespeople look after leads, accounts and care.
var Salespeople = []string{"wang.fang", "li.lei", "zhao.min"}

// Lead is a chance of a sale to a company that is no customer yet.
type Lead struct {
	ID       string
	About    string
	Prospect string
	Owner    string
	Mode     string // product, solution or consultative
	Value    int64  // minor units
	Currency string
	// Stage is how far it has come, from 1, the contact, to 7, the agreement.
	Stage int
	// State is open, won or lost.
	State string
	// InDays is when it should be decided, counted from today.
	InDays     int
	Reason     string // of closed ones, e.g. "price"
	Competitor string // "" without one
	// Scores of the buying factors price, service and delivery: weight, ours, and the
	// competitor's; of open leads with a competitor.
	Scores [3][3]float64
	// MarketSpace and Chance assess the opportunity, 1 to 5.
	MarketSpace, Chance int
}

const (
	leads     = 90
	openLeads = 24
	stages    = 7
)

// The states of a lead.
const (
	OpenLead = "open"
	WonLead  = "won"
	LostLead = "lost"
)

// BuyingFactors are what the leads' companies decide by.
var BuyingFactors = [3]string{"price 价格", "service 服务", "delivery 交期"}

var (
	leadSubjects  = []string{"Staff gifts 员工福利", "Office supplies 办公用品", "Pantry 茶水间", "Event gifts 活动礼品", "Canteen 食堂"}
	leadReasons   = []string{"price", "service", "delivery", "relationship", "timing", "budget"}
	competitors   = []string{"Beixing 北星", "Huafeng 华丰", ""}
	salesModes    = []string{"product", "solution", "consultative"}
	passChance    = 0.82 // that a lead goes on to the next stage
	firstOpenLead = leads - openLeads
)

// Leads yields the leads: first the closed ones.
func (s *Shop) Leads() iter.Seq[Lead] {
	return func(yield func(Lead) bool) {
		for i := range leads {
			if !yield(s.lead(i)) {
				return
			}
		}
	}
}

func (s *Shop) lead(i int) Lead {
	rng := s.rng(streamSales, i)
	brand, at := choose(rng, companyBrands), choose(rng, chinesePlaces)
	l := Lead{
		ID: fmt.Sprintf("lead-%03d", i+1), About: choose(rng, leadSubjects),
		Prospect: at.city + brand.han + choose(rng, companyTrades) + "有限公司",
		Owner:    Salespeople[i%len(Salespeople)], Mode: salesModes[rng.IntN(len(salesModes))],
		Currency: s.config.Currency, Stage: 1, State: OpenLead, Competitor: competitors[rng.IntN(len(competitors))],
		MarketSpace: 1 + rng.IntN(5), Chance: 1 + rng.IntN(5), Reason: leadReasons[rng.IntN(len(leadReasons))],
	}
	l.Value = int64(math.Exp(10.5+0.8*rng.NormFloat64())) * 100 // about 36,000 in the middle
	if i%6 == 5 && s.config.Foreign != "" {
		l.Currency, l.Value = s.config.Foreign, l.Value/7
	}
	lost := false
	for l.Stage < stages && !lost {
		if i >= firstOpenLead && rng.Float64() < 0.3 {
			break
		}
		if lost = i < firstOpenLead && rng.Float64() >= passChance; !lost {
			l.Stage++
		}
	}
	if i < firstOpenLead {
		l.State = WonLead
		if lost {
			l.State = LostLead
		}
		return l
	}
	l.Reason = ""
	l.InDays = 5 + rng.IntN(170)
	if l.Competitor != "" {
		for f := range l.Scores {
			l.Scores[f] = [3]float64{float64(3 - f), float64(4 + rng.IntN(6)), float64(4 + rng.IntN(6))}
		}
	}
	return l
}

// Pipeline is the truth about the leads.
type Pipeline struct {
	Open, Won, Lost int
	Values          map[string]int64 // of the open ones, by currency, in minor units
}

// Pipeline adds up the leads.
func (s *Shop) Pipeline() Pipeline {
	t := Pipeline{Values: map[string]int64{}}
	for l := range s.Leads() {
		switch l.State {
		case WonLead:
			t.Won++
		case LostLead:
			t.Lost++
		default:
			t.Open++
			t.Values[l.Currency] += l.Value
		}
	}
	return t
}

// Contact is a person at an enterprise.
type Contact struct {
	ID, Name, Role, Title, Concern string
	Influence                      int    // 1 to 5
	Attitude                       string // supporter, friendly, neutral, sceptical or opponent
	Decides                        bool
	ReportsTo                      string // ID of another contact
	DaysAgo                        int    // that somebody last spoke with him; -1 is never
}

// chain is who decides at an enterprise: everybody reports to the first.
var chain = []Contact{
	{ID: "chairman", Role: "chairman", Title: "Chairman 董事长", Concern: "the company's name with its staff", Influence: 5, Decides: true},
	{ID: "finance", Role: "finance", Title: "Head of finance 财务总监", Concern: "payment 60 days after delivery", Influence: 4, ReportsTo: "chairman"},
	{ID: "purchasing", Role: "purchasing", Title: "Purchaser 采购经理", Concern: "one invoice a month", Influence: 3, ReportsTo: "finance"},
	{ID: "technology", Role: "technology", Title: "Head of IT 技术总监", Concern: "orders through an interface", Influence: 3, ReportsTo: "chairman"},
	{ID: "user", Role: "user", Title: "Office manager 行政主管", Concern: "delivery to the desk", Influence: 2, ReportsTo: "chairman"},
}

var attitudes = []string{"supporter", "friendly", "neutral", "sceptical", "opponent"}

// Contacts are those of an enterprise that salespeople know: two or more of its
// chain, the purchaser always.
func (s *Shop) Contacts(c Customer) []Contact {
	rng := s.rng(streamSales, -1-c.Index)
	var all []Contact
	known := map[string]bool{}
	for _, contact := range chain {
		keep := rng.Float64() < 0.7 || contact.ID == "purchasing" || contact.ID == "user" && len(all) < 2
		contact.Name = choose(rng, surnames).han + choose(rng, maleNames).han
		contact.Attitude = attitudes[rng.IntN(len(attitudes))]
		contact.DaysAgo = rng.IntN(200)
		if rng.Float64() < 0.2 {
			contact.DaysAgo = -1
		}
		if !keep {
			continue
		}
		if !known[contact.ReportsTo] {
			contact.ReportsTo = ""
		}
		known[contact.ID] = true
		all = append(all, contact)
	}
	return all
}

// CareTask is a contact with a customer that was planned.
type CareTask struct {
	CustomerID string
	Manager    string
	InDays     int    // that it is due, counted from today; below 0 is overdue
	What       string // to say
	Done       bool
	Outcome    string // of a done one: positive, neutral, negative or not_reached
}

const caredFor = 30 // customers have a manager of their own

// CareTasks yields the planned contacts: two for each of the first customers.
func (s *Shop) CareTasks() iter.Seq[CareTask] {
	return func(yield func(CareTask) bool) {
		for i := range min(caredFor, s.config.Customers) {
			rng := s.rng(streamSales, 1_000_000+i)
			for n := range 2 {
				t := CareTask{CustomerID: recordID(i), Manager: Salespeople[i%len(Salespeople)], What: "Ask how the last order was 回访上次订单"}
				t.InDays = 1 + rng.IntN(30)
				if n == 0 {
					t.InDays = -1 - rng.IntN(20)
					t.Done = rng.Float64() < 0.6
					t.Outcome = choose(rng, []string{"positive", "neutral", "not_reached", "negative"})
					t.What = "Thank for the order 感谢下单"
				}
				if !yield(t) {
					return
				}
			}
		}
	}
}

// Overdue counts the planned contacts that are overdue, by manager.
func (s *Shop) Overdue() map[string]int {
	all := map[string]int{}
	for t := range s.CareTasks() {
		if t.InDays < 0 && !t.Done {
			all[t.Manager]++
		}
	}
	return all
}

// Observation is what a salesperson saw of a customer in a talk.
type Observation struct {
	CustomerID string
	Style      string // in truth: dominant, analytical or social
	Signs      []string
	Note       string
	Author     string
}

// manners are the signs of each style, and what is noted of it.
var manners = []Observation{
	{Style: "dominant", Signs: []string{"interrupts", "runs-the-meeting", "talks-loud-and-fast"}, Note: "一坐下就让我说重点，我说了算，今天就定"},
	{Style: "analytical", Signs: []string{"takes-notes", "compares", "weighs-risks"}, Note: "要检测报告和数据，追问原理"},
	{Style: "social", Signs: []string{"small-talk", "warm", "comes-close"}, Note: "聊了很久家常，很热情"},
}

// Observations yields what was seen of a few customers.
func (s *Shop) Observations() iter.Seq[Observation] {
	return func(yield func(Observation) bool) {
		for i := range min(12, s.config.Customers) {
			rng := s.rng(streamStyle, i)
			seen := manners[rng.IntN(len(manners))]
			o := Observation{CustomerID: recordID(i), Style: seen.Style, Note: seen.Note, Author: Salespeople[i%len(Salespeople)]}
			for _, at := range rng.Perm(len(seen.Signs))[:2] {
				o.Signs = append(o.Signs, seen.Signs[at])
			}
			if !yield(o) {
				return
			}
		}
	}
}
