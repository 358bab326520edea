package domain

import (
	"reflect"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

func TestPolicyDefaults(t *testing.T) {
	p := Policy{AsOfDate: "2025-12-31"}
	if err := p.Normalize(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	want := Policy{
		AsOfDate: "2025-12-31", Zone: "UTC", Ties: SharedTies, Threshold: MeanThreshold,
		Prediction: PredictionPolicy{HorizonDays: 365, ValueHorizonDays: 1095, Churn: NoPurchaseWithin, ChurnThreshold: 0.8, OverdueFactor: 2},
		Alerts:     AlertPolicy{Most: 1000, MinRisk: 0.5, MinFall: 0.5},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, want %+v", p, want)
	}
}

func TestPolicyIsChecked(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		field  string // at fault; empty for none
		policy Policy
	}{
		{"", Policy{AsOfDate: "2024-02-29"}},
		{"", Policy{AsOfDate: "1970-01-01", Currency: "CNY", Zone: "Asia/Shanghai"}},
		{"", Policy{AsOfDate: "2026-03-02"}},                             // tomorrow: clocks differ
		{"", Policy{AsOfDate: "2026-03-02", Zone: "Pacific/Kiritimati"}}, // where it is the first still
		{"policy.as_of_date", Policy{AsOfDate: "2026-03-03"}},
		{"policy.as_of_date", Policy{AsOfDate: "9999-12-31"}},
		{"policy.as_of_date", Policy{AsOfDate: "2025-02-29"}},
		{"policy.as_of_date", Policy{AsOfDate: "1969-12-31"}},
		{"policy.as_of_date", Policy{AsOfDate: "0000-00-00"}},
		{"policy.as_of_date", Policy{}},
		{"policy.as_of_date", Policy{AsOfDate: "2025-1-1"}},
		{"policy.time_zone", Policy{AsOfDate: "2025-01-01", Zone: "Local"}},
		{"policy.time_zone", Policy{AsOfDate: "2025-01-01", Zone: "Mars/Olympus"}},
		{"policy.time_zone", Policy{AsOfDate: "2025-01-01", Zone: "../../etc/passwd"}},
		{"policy.time_zone", Policy{AsOfDate: "2025-01-01", Zone: "Asia/Shanghai\x00"}},
		{"policy.currency_code", Policy{AsOfDate: "2025-01-01", Currency: "ZZZ"}},
		{"policy.currency_code", Policy{AsOfDate: "2025-01-01", Currency: "cny"}},
	} {
		err := test.policy.Normalize(now)
		if test.field == "" {
			if err != nil {
				t.Errorf("%+v: %v", test.policy, err)
			}
			continue
		}
		if f, ok := fault.As(err); !ok || f.Kind != fault.InvalidArgument || len(f.Violations) != 1 || f.Violations[0].Field != test.field {
			t.Errorf("%+v: error %v, want one that names %s", test.policy, err, test.field)
		}
	}
	all := Policy{AsOfDate: "never", Zone: "nowhere", Currency: "none"}
	if f, ok := fault.As(all.Normalize(now)); !ok || len(f.Violations) != 3 {
		t.Errorf("three mistakes are told as %v", f)
	}
}

func TestReportingCurrencyIsTheOneScored(t *testing.T) {
	p := Policy{AsOfDate: "2026-01-31", Reporting: "CNY"}
	if err := p.Normalize(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)); err != nil || p.Currency != "CNY" {
		t.Errorf("currency %q, %v; want CNY", p.Currency, err)
	}
	p = Policy{AsOfDate: "2026-01-31", Reporting: "CNY", Currency: "USD"}
	f, ok := fault.As(p.Normalize(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)))
	if !ok || f.Violations[0].Field != "policy.currency_code" {
		t.Errorf("scored in a currency nothing is left in: %v", f)
	}
}
