package segmentation_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// customerIDs are such as keep their order only once they are escaped.
var customerIDs = []string{"a", "a-b", "a.b", "a b", "A", "王芳", "😀", "b", "a1", "a!1", "z~", "0", "é", `d"e`, `a"`}

func newPeers(w *world) *peers.Peers {
	return peers.New(w.profile.dial(w, "profile"), w.valuation.dial(w, "valuation"), within)
}

// The facts are those of every customer once, in order, each with its own
// valuation where it has one, wherever one begins; valuations of unknown customers
// are left out.
func TestFactsOfAllCustomers(t *testing.T) {
	w := onPebble(t)
	p := newPeers(w)
	rapid.Check(t, func(t *rapid.T) {
		w.shop.reset()
		orders := map[string]int64{}
		for _, id := range customerIDs {
			known, valued := rapid.Bool().Draw(t, "known "+id), rapid.Bool().Draw(t, "valued "+id)
			if valued {
				orders[id] = rapid.Int64Range(1, 9).Draw(t, "orders "+id)
				w.shop.bought(id, &valuationv1.Valuation{Orders: orders[id]})
			}
			if known {
				w.shop.customer(id, &profilev1.Customer{City: "city of " + id})
			}
		}
		w.shop.refresh()
		w.shop.batch = rapid.IntRange(1, 4).Draw(t, "batch")
		edition, err := p.Edition(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		after := rapid.SampledFrom(append(customerIDs, "")).Draw(t, "after")
		var got []string
		for f, err := range p.Facts(w.Context(), edition, after) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Customer.ID)
			if f.Customer.City != "city of "+f.Customer.ID || f.Orders.Count != orders[f.Customer.ID] || f.Valued != (orders[f.Customer.ID] > 0) {
				t.Fatalf("customer %q has %+v, want %d orders", f.Customer.ID, f, orders[f.Customer.ID])
			}
		}
		var want []string
		for id := range w.shop.customers {
			if after == "" || docstore.ID(id) > docstore.ID(after) {
				want = append(want, id)
			}
		}
		slices.SortFunc(want, func(a, b string) int { return cmpID(a, b) })
		if !slices.Equal(got, want) {
			t.Fatalf("after %q got %q, want %q", after, got, want)
		}
	})
}

func cmpID(a, b string) int {
	if docstore.ID(a) < docstore.ID(b) {
		return -1
	}
	return 1
}

// Every field of the peers' records comes out as its fact, and none is left from
// the customer before.
func TestFactsOfOneCustomer(t *testing.T) {
	w := onPebble(t)
	at := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	w.shop.customer("a", &profilev1.Customer{
		Kind: profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE, Gender: profilev1.Gender_GENDER_OTHER,
		Region: "广东", City: "深圳", Acquisition: profilev1.Acquisition_ACQUISITION_SALES, DisplayName: "not a fact",
	})
	w.shop.customer("b", &profilev1.Customer{})
	w.shop.customer("c", &profilev1.Customer{})
	w.shop.bought("a", &valuationv1.Valuation{
		Orders: 7, OrderDays: 6, RecencyDays: 5, FirstOrderTime: timestamppb.New(at), LastOrderTime: timestamppb.New(at.AddDate(0, 1, 0)),
		Revenue:       []*apiv1.Money{{MinorUnits: 100, CurrencyCode: "CNY"}, {MinorUnits: 3, CurrencyCode: "JPY"}},
		HistoricValue: &apiv1.Money{MinorUnits: 40, CurrencyCode: "CNY"}, HistoricValueCoverage: 0.5,
		Rfm: &valuationv1.RfmScores{
			Recency: 1, Frequency: 2, Monetary: 3, Cell: "123", Segment: "At Risk", Group: valuationv1.RfmGroup_RFM_GROUP_GENERAL_WIN_BACK,
		},
	})
	w.shop.bought("c", &valuationv1.Valuation{Orders: 1})
	w.shop.refresh()
	p := newPeers(w)
	edition, err := p.Edition(w.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		fmt.Sprintf("%+v", facts.Facts{
			Customer: facts.Customer{ID: "a", Kind: "ENTERPRISE", Gender: "OTHER", Region: "广东", City: "深圳", Acquisition: "SALES"},
			AsOf:     edition.AsOf, Valued: true,
			Orders:  facts.Orders{Count: 7, Days: 6, RecencyDays: 5, FirstTime: at, LastTime: at.AddDate(0, 1, 0)},
			Revenue: []facts.Money{{Currency: "CNY", Minor: 100}, {Currency: "JPY", Minor: 3}},
			Value:   facts.Value{Known: true, Historic: facts.Money{Currency: "CNY", Minor: 40}, Coverage: 0.5},
			RFM:     facts.Scores{Recency: 1, Frequency: 2, Monetary: 3, Cell: "123", Segment: "At Risk", Group: "GENERAL_WIN_BACK"},
		}),
		fmt.Sprintf("%+v", facts.Facts{Customer: facts.Customer{ID: "b"}, AsOf: edition.AsOf}),
		fmt.Sprintf("%+v", facts.Facts{
			Customer: facts.Customer{ID: "c"}, AsOf: edition.AsOf, Valued: true,
			Orders: facts.Orders{Count: 1, FirstTime: time.Unix(0, 0).UTC(), LastTime: time.Unix(0, 0).UTC()},
		}),
	}
	var got []string
	for f, err := range p.Facts(w.Context(), edition, "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%+v", *f))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// How streams go wrong, and what is said of it.
func TestFactsThatCannotBeHad(t *testing.T) {
	read := func(w *world, edition peers.Edition, patience time.Duration) error {
		p := peers.New(w.profile.dial(w, "profile"), w.valuation.dial(w, "valuation"), patience)
		for _, err := range p.Facts(w.Context(), edition, "") {
			if err != nil {
				return err
			}
		}
		return nil
	}
	first := peers.Edition{Generation: 1}
	t.Run("superseded valuations", func(t *testing.T) {
		w := onPebble(t)
		for range 3 {
			w.shop.fill(4)
		}
		if err := read(w, first, within); !errors.Is(err, peers.ErrSuperseded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no valuations", func(t *testing.T) {
		w := onPebble(t)
		edition, err := newPeers(w).Edition(t.Context())
		if err != nil || edition != (peers.Edition{}) {
			t.Errorf("got %+v, %v", edition, err)
		}
	})
	t.Run("out of order", func(t *testing.T) {
		w := onPebble(t)
		w.shop.fill(4)
		r := &w.shop.refreshes[0]
		r.valuations[0], r.valuations[1] = r.valuations[1], r.valuations[0]
		if err := read(w, first, within); fault.ReasonOf(err) != "PEER_OUT_OF_ORDER" {
			t.Errorf("got %v", err)
		}
	})
	for _, stream := range []string{"customers", "valuations"} {
		t.Run(stream+" fall silent", func(t *testing.T) {
			w := onPebble(t)
			w.shop.fill(9)
			release := make(chan struct{})
			defer close(release)
			w.shop.setBefore(func(name string, message int) error {
				if name == stream && message == 1 {
					<-release
				}
				return nil
			})
			err := read(w, first, 50*time.Millisecond)
			if fault.KindOf(err) != fault.Unavailable || fault.ReasonOf(err) != "PEER_UNAVAILABLE" {
				t.Errorf("got %v", err)
			}
		})
		t.Run(stream+" break off", func(t *testing.T) {
			w := onPebble(t)
			w.shop.fill(9)
			w.shop.setBefore(func(name string, message int) error {
				if name == stream && message == 1 {
					return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store is gone")
				}
				return nil
			})
			wantError(t, read(w, first, within), codes.Unavailable, "STORE_UNAVAILABLE", "")
		})
	}
	t.Run("peer down", func(t *testing.T) {
		w := onPebble(t)
		w.valuation.cut.Store(true)
		_, err := newPeers(w).Edition(t.Context())
		wantError(t, err, codes.Unavailable, "PEER_UNAVAILABLE", "")
	})
}
