package domain_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

var exported = time.Date(2025, 3, 14, 12, 0, 0, 0, time.UTC)

// stating is an order as an export states it.
func stating(amount int64, refund domain.Optional, status domain.Status) *domain.Order {
	return &domain.Order{
		Customer: "c1", ID: "o1", Time: exported, Currency: "CNY", Amount: amount, Status: status, Refund: refund,
	}
}

func TestStatedRefunds(t *testing.T) {
	known := domain.Known
	made := stating(1000, known(300), domain.Paid).New()
	if len(made.Returns) != 1 || made.Returns[0] != (domain.Return{ID: domain.ExportReturn, Refund: 300, Time: exported}) || made.Refund.Known {
		t.Fatalf("made: %+v", made)
	}
	if _, err := made.TakeBack(domain.Return{ID: "r1", Refund: 200, Time: exported.Add(time.Hour)}, exported.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	// Of what is stated, 200 is known by itself now.
	for _, step := range []struct {
		name   string
		given  *domain.Order
		refund int64
		stated int64 // of it, by the export
	}{
		{"the same", stating(1000, known(300), domain.Paid), 300, 100},
		{"more", stating(1000, known(1000), domain.Paid), 1000, 800},
		{"less than before", stating(1000, known(250), domain.Paid), 250, 50},
		{"less than recorded", stating(1000, known(0), domain.Paid), 200, 0},
		{"more again", stating(1000, known(500), domain.Returned), 500, 300},
		{"not stated", stating(900, domain.Optional{}, domain.Paid), 500, 300},
	} {
		after, err := made.Correct(step.given)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		stated := int64(0)
		for _, r := range after.Returns {
			if r.ID == domain.ExportReturn {
				stated += r.Refund
			}
		}
		if after.Refunded() != step.refund || stated != step.stated || after.Refund.Known {
			t.Errorf("%s: %+v", step.name, after.Returns)
		}
		made = after
	}
	moved := stating(900, domain.Optional{}, domain.Paid)
	moved.Time = exported.Add(30 * time.Minute)
	after, err := made.Correct(moved)
	if err != nil || !after.Returns[0].Time.Equal(moved.Time) || after.Refunded() != 500 {
		t.Errorf("moved: %+v, %v", after, err)
	}
}

func TestStatedRefundOfAnOrderThatIsNotPaid(t *testing.T) {
	made := stating(1000, domain.Known(300), domain.Paid).New()
	for _, status := range []domain.Status{domain.Cancelled, domain.Pending} {
		for _, refund := range []domain.Optional{{}, domain.Known(1000)} {
			closed, err := made.Correct(stating(0, refund, status))
			if err != nil || len(closed.Returns) != 0 {
				t.Errorf("%s, %v: %+v, %v", status, refund, closed, err)
			}
		}
	}
	if len(made.Returns) != 1 {
		t.Errorf("correcting an order changed it: %+v", made)
	}
	if closed := stating(0, domain.Known(300), domain.Cancelled).New(); len(closed.Returns) != 0 {
		t.Errorf("closed from the beginning: %+v", closed)
	}
}

func TestRefundsThatCannotBe(t *testing.T) {
	now := exported.AddDate(0, 1, 0)
	if err := stating(100, domain.Known(101), domain.Paid).Normalize(now); fault.ReasonOf(err) != "REFUND_EXCEEDS_AMOUNT" {
		t.Errorf("more than was paid: %v", err)
	}
	if err := stating(100, domain.Known(-1), domain.Paid).Normalize(now); fault.ReasonOf(err) != "INVALID_FIELD" {
		t.Errorf("negative: %v", err)
	}
	if err := stating(0, domain.Known(101), domain.Cancelled).Normalize(now); err != nil {
		t.Errorf("of a closed order: %v", err)
	}
	o := stating(100, domain.Optional{}, domain.Paid)
	if _, err := o.TakeBack(domain.Return{ID: domain.ExportReturn, Refund: 1, Time: exported}, now); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("a return with the reserved id: %v", err)
	}
}

// It does not matter whether a return is recorded before the export that states
// it, or after.
func TestReturnsAndStatedRefundsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 1000).Draw(t, "total")
		r := domain.Return{ID: "r1", Refund: rapid.Int64Range(1, 1000).Draw(t, "refund"), Time: exported}
		before := stating(1000, domain.Optional{}, domain.Paid).New()
		if _, err := before.TakeBack(r, exported); err != nil {
			t.Fatal(err)
		}
		before, err := before.Correct(stating(1000, domain.Known(total), domain.Paid))
		if err != nil {
			t.Fatal(err)
		}
		after := stating(1000, domain.Known(total), domain.Paid).New()
		if _, err := after.TakeBack(r, exported); err != nil {
			t.Fatalf("%d stated, %d returned: %v", total, r.Refund, err)
		}
		if after.Refunded() != before.Refunded() || after.Refunded() != max(total, r.Refund) {
			t.Fatalf("%d stated, %d returned: %+v and %+v", total, r.Refund, before.Returns, after.Returns)
		}
	})
}

// Whatever is stated in whatever order, the last word counts, nothing doubles,
// and stating it again changes nothing.
func TestLastStatedRefundCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := stating(1000, domain.Optional{}, domain.Paid).New()
		own := int64(0)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "return") {
				refund := rapid.Int64Range(1, 400).Draw(t, "refund")
				id := rapid.StringMatching(`r[0-9]{4}`).Draw(t, "id")
				if changed, err := o.TakeBack(domain.Return{ID: id, Refund: refund, Time: exported}, exported); err == nil && changed {
					own += refund
				}
				continue
			}
			total := rapid.Int64Range(own, 1000).Draw(t, "total")
			given := stating(1000, domain.Known(total), domain.Paid)
			after, err := o.Correct(given)
			if err != nil || after.Refunded() != total {
				t.Fatalf("stated %d: %+v, %v", total, after.Returns, err)
			}
			again, err := after.Correct(given)
			if err != nil || !again.SameContent(&after) {
				t.Fatalf("stated again: %+v, then %+v, %v", after.Returns, again.Returns, err)
			}
			o = after
		}
	})
}

func TestReservedCustomer(t *testing.T) {
	c := domain.Customer{ID: domain.Anonymous}
	if err := c.Normalize(exported); fault.ReasonOf(err) != "CUSTOMER_ID_RESERVED" {
		t.Errorf("%v", err)
	}
}
