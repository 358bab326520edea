package shop

import "time"

// Behaviour is the truth about what was done on the shop's site. Customers who
// object to being analysed are counted nowhere but in Events.
type Behaviour struct {
	Events     int        // told apart; those sent twice count once
	Twice      int        // of them were sent twice
	Late       int        // of them arrived behind all others
	Visitors   int        // anonymous ones
	Identified int        // of them, whose customer was known later
	Reached    [Steps]int // customers by the step that their best visit took
	Gaps       map[string]Gap
}

// Gap is a term that was searched for in vain by customers.
type Gap struct{ Searches, Customers int }

// Behaviour makes all visits and adds them up.
func (s *Shop) Behaviour() Behaviour {
	t := Behaviour{Gaps: map[string]Gap{}}
	objectors := s.Choices().Objectors
	visitors, best, searched := map[string]bool{}, map[string]int{}, map[[2]string]int{}
	for v := range s.Visits() {
		counts := v.Customer != "" && !objectors[v.Customer]
		if counts && v.Depth > 0 {
			best[v.Customer] = max(best[v.Customer], v.Depth)
		}
		for _, e := range v.Events {
			t.Events++
			t.Twice += one(e.Twice)
			t.Late += one(e.Late)
			if e.Visitor != "" && !visitors[e.Visitor] {
				visitors[e.Visitor] = true
				t.Visitors++
				t.Identified += one(v.Customer != "")
			}
			if counts && e.Kind == SearchEvent && e.Results == 0 {
				searched[[2]string{e.Keyword, v.Customer}]++
			}
		}
	}
	for _, depth := range best {
		for step := range depth {
			t.Reached[step]++
		}
	}
	for by, searches := range searched {
		g := t.Gaps[by[0]]
		t.Gaps[by[0]] = Gap{g.Searches + searches, g.Customers + 1}
	}
	return t
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Cohort is the customers, by record, whose first paid order was in a month.
type Cohort struct {
	Month    string // "2025-01"
	Size     int
	Returned []int // in the months after, by how many bought in each
}

// Cohorts are those of a first month and the ones behind it, up to the shop's end,
// without those who object to being analysed.
func (s *Shop) Cohorts(first time.Time) []Cohort {
	start := monthOf(first, s.config.Zone)
	last := monthOf(s.config.End.Add(-time.Second), s.config.Zone) - start
	all := make([]Cohort, last+1)
	for i := range all {
		y, m, _ := first.In(s.config.Zone).Date()
		all[i] = Cohort{Month: time.Date(y, m+time.Month(i), 1, 0, 0, 0, 0, time.UTC).Format("2006-01"), Returned: make([]int, last-i)}
	}
	objectors := s.Choices().Objectors
	for c := range s.Customers() {
		months := map[string][]int{}
		for o := range s.Orders(c) {
			if o.Status == Paid && !objectors[o.CustomerID] {
				months[o.CustomerID] = append(months[o.CustomerID], monthOf(o.Time, s.config.Zone)-start)
			}
		}
		for _, bought := range months {
			if bought[0] < 0 {
				continue
			}
			cohort := &all[bought[0]]
			cohort.Size++
			before := bought[0]
			for _, m := range bought {
				if m > before {
					cohort.Returned[m-bought[0]-1]++
					before = m
				}
			}
		}
	}
	return all
}

// monthOf counts months.
func monthOf(t time.Time, zone *time.Location) int {
	y, m, _ := t.In(zone).Date()
	return y*12 + int(m)
}

// Buyers counts the customers, by record, with at least so many paid orders, who
// do not object to being analysed.
func (s *Shop) Buyers(orders int) int {
	objectors, n := s.Choices().Objectors, 0
	for c := range s.Customers() {
		paid := map[string]int{}
		for o := range s.Orders(c) {
			if o.Status == Paid && !objectors[o.CustomerID] {
				paid[o.CustomerID]++
			}
		}
		for _, count := range paid {
			n += one(count >= orders)
		}
	}
	return n
}

// Together counts the customers, by record, who bought an article, and those of
// them who bought another as well; without those who object to being analysed.
func (s *Shop) Together(sku, other string) (bought, both int) {
	objectors := s.Choices().Objectors
	for c := range s.Customers() {
		has := map[string][2]bool{}
		for o, lines := range s.Baskets(c) {
			if o.Status != Paid || objectors[o.CustomerID] {
				continue
			}
			h := has[o.CustomerID]
			for _, l := range lines {
				h[0], h[1] = h[0] || l.Product.SKU == sku, h[1] || l.Product.SKU == other
			}
			has[o.CustomerID] = h
		}
		for _, h := range has {
			bought += one(h[0])
			both += one(h[0] && h[1])
		}
	}
	return bought, both
}
