package shop_test

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

func generate(t testing.TB, config shop.Config) *shop.Shop {
	t.Helper()
	s, err := shop.Generate(config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// files returns every file of a shop in memory.
func files(t *testing.T, s *shop.Shop) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name, write := range map[string]func(*bytes.Buffer) error{
		shop.CustomersFile: func(b *bytes.Buffer) error { return s.WriteCustomers(b) },
		shop.OrdersFile:    func(b *bytes.Buffer) error { return s.WriteOrders(b) },
		shop.ItemsFile:     func(b *bytes.Buffer) error { return s.WriteItems(b) },
		shop.RatesFile:     func(b *bytes.Buffer) error { return s.WriteRates(b) },
		shop.AnswersFile:   func(b *bytes.Buffer) error { return s.WriteAnswers(b) },
		shop.ReferralsFile: func(b *bytes.Buffer) error { return s.WriteReferrals(b) },
		shop.LabelsFile:    func(b *bytes.Buffer) error { return s.WriteLabels(b) },
		shop.TruthFile:     func(b *bytes.Buffer) error { return s.WriteTruth(b) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		out[name] = b.Bytes()
	}
	return out
}

func TestTheSeedDecidesEveryByte(t *testing.T) {
	first, again := files(t, generate(t, abroad(7, 400))), files(t, generate(t, abroad(7, 400)))
	other := files(t, generate(t, abroad(8, 400)))
	for name, data := range first {
		if !bytes.Equal(data, again[name]) {
			t.Errorf("%s differs from one run to the next", name)
		}
		if bytes.Equal(data, other[name]) {
			t.Errorf("%s is the same under another seed", name)
		}
	}
}

func TestDirtLeavesTheTruthAlone(t *testing.T) {
	clean := shop.Default(3, 500)
	clean.DirtyShare, clean.AnswerShare = 0, 0
	dirty := clean
	dirty.DirtyShare = 1
	a, b := generate(t, clean), generate(t, dirty)
	for c := range a.Customers() {
		x, y := slices.Collect(a.Orders(c)), slices.Collect(b.Orders(c))
		if !slices.Equal(x, y) {
			t.Fatalf("orders of %s changed with the dirt", c.ID)
		}
	}
}

func TestCustomersAreWellFormed(t *testing.T) {
	s := generate(t, shop.Default(11, 5000))
	seen := map[string]string{}
	unique := func(c shop.Customer, value string) {
		if owner, taken := seen[value]; taken && value != "" {
			t.Errorf("%s and %s both have %s", owner, c.ID, value)
		}
		seen[value] = c.ID
	}
	chinese, english, companies := 0, 0, 0
	for c := range s.Customers() {
		for _, value := range []string{c.ID, c.TwinID, c.Email, c.Phone, c.MemberID} {
			unique(c, value)
		}
		if c.Phone != "" {
			if n, err := phonenumbers.Parse(c.Phone, ""); err != nil || !phonenumbers.IsValidNumberForRegion(n, "CN") {
				t.Errorf("%s has phone %s, which is none: %v", c.ID, c.Phone, err)
			}
		}
		switch {
		case c.Enterprise:
			companies++
			if c.Gender != "" || !c.BirthDate.IsZero() {
				t.Errorf("company %s has gender %q, birth date %s", c.ID, c.Gender, c.BirthDate)
			}
		case c.Name == c.Pinyin:
			english++
		default:
			chinese++
		}
		if !c.BirthDate.IsZero() && (c.BirthDate.Year() < 1930 || c.BirthDate.Year() > 2008) {
			t.Errorf("%s was born on %s", c.ID, c.BirthDate)
		}
		if c.Name == "" || c.Region == "" || c.City == "" || c.Channel == "" || c.Acquisition == "" {
			t.Errorf("incomplete: %+v", c)
		}
	}
	if chinese < 4000 || english < 300 || companies < 50 {
		t.Errorf("%d Chinese, %d English, %d companies of 5000", chinese, english, companies)
	}
}

func TestOrdersAreWellFormed(t *testing.T) {
	config := shop.Default(12, 3000)
	s := generate(t, config)
	seen, status, twins := map[string]bool{}, map[string]int{}, 0
	for c := range s.Customers() {
		last, n := time.Time{}, 0
		for o := range s.Orders(c) {
			if n == 0 && (!o.Time.Equal(c.FirstOrder) || o.CustomerID != c.ID || o.Status != shop.Paid) {
				t.Errorf("first order %+v of a customer with first order at %s", o, c.FirstOrder)
			}
			n++
			status[o.Status]++
			if o.CustomerID == c.TwinID {
				twins++
			} else if o.CustomerID != c.ID {
				t.Errorf("order %s of %s is under %s", o.ID, c.ID, o.CustomerID)
			}
			if seen[o.ID] {
				t.Errorf("order id %s twice", o.ID)
			}
			seen[o.ID] = true
			if o.Time.Before(last) || o.Time.Before(config.Start) || !o.Time.Before(config.End) {
				t.Errorf("order %s at %s, the one before at %s", o.ID, o.Time, last)
			}
			last = o.Time
			if o.Amount < 1 || o.Discount < 0 || o.Cost < 0 || o.Cost > o.Amount+o.Discount {
				t.Errorf("money of %+v", o)
			}
		}
		if n == 0 {
			t.Errorf("customer %s never bought", c.ID)
		}
	}
	if status[shop.Cancelled] == 0 || status[shop.Returned] == 0 || twins == 0 {
		t.Errorf("orders by status %v, %d under a second record", status, twins)
	}
}

func TestReferralsPointBack(t *testing.T) {
	s := generate(t, shop.Default(13, 3000))
	customers := map[string]shop.Customer{}
	for c := range s.Customers() {
		customers[c.ID] = c
	}
	n := 0
	for r := range s.Referrals() {
		n++
		referrer, referee := customers[r.ReferrerID], customers[r.RefereeID]
		if referee.ReferrerID != referrer.ID || referee.Acquisition != "referral" || referrer.ID == referee.ID {
			t.Fatalf("%+v against %+v", r, referee)
		}
		if r.Invited.Before(referrer.FirstOrder) || r.Invited.After(r.Joined) || !r.Joined.Equal(referee.FirstOrder) {
			t.Errorf("%+v, referrer since %s", r, referrer.FirstOrder)
		}
	}
	if n < 300 {
		t.Errorf("%d referrals among 3000", n)
	}
}

func TestSmallestShop(t *testing.T) {
	config := shop.Default(1, 1)
	config.End = config.Start.AddDate(0, 0, 1)
	s := generate(t, config)
	for c := range s.Customers() {
		if len(slices.Collect(s.Orders(c))) == 0 {
			t.Error("nobody bought")
		}
	}
	if got := files(t, s); !bytes.Contains(got[shop.OrdersFile], []byte("S00000001-001")) {
		t.Errorf("orders: %s", got[shop.OrdersFile])
	}
}

func TestConfigFaultNamesEveryField(t *testing.T) {
	config := shop.Default(1, 0)
	config.End = config.Start
	config.Currency, config.Foreign = "RMB", "YEN"
	config.Purchases.A = 0
	config.Spend.Q = 1
	config.AnswerShare = 1.5
	_, err := shop.Generate(config)
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.InvalidArgument {
		t.Fatalf("error %v", err)
	}
	var fields []string
	for _, v := range f.Violations {
		fields = append(fields, v.Field)
	}
	slices.Sort(fields)
	if got := strings.Join(fields, " "); got != "answer_share currency customers end foreign purchases.a spend.q" {
		t.Errorf("fields %s", got)
	}
	if _, err := shop.Generate(shop.Config{}); err == nil {
		t.Error("an empty config was taken")
	}
}

// liveHeap is the memory that is still in use when a shop's last order is made.
func liveHeap(t *testing.T, customers int) uint64 {
	t.Helper()
	s := generate(t, shop.Default(5, customers))
	var live uint64
	for c := range s.Customers() {
		for range s.Orders(c) {
			if c.Index == customers-1 && live == 0 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				live = m.HeapAlloc
			}
		}
	}
	return live
}

func TestMemoryDoesNotGrowWithTheShop(t *testing.T) {
	liveHeap(t, 10) // what is allocated once
	small, large := liveHeap(t, 100), liveHeap(t, 20_000)
	if large > small+256<<10 {
		t.Errorf("%d bytes live at the end of 100 customers, %d of 20,000", small, large)
	}
}
