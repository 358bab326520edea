package campaigns

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"testing"
)

// TestArmIsAsDocumented recomputes an assignment from the published rule, by the
// hexadecimal digits of the hash.
func TestArmIsAsDocumented(t *testing.T) {
	for i := range 2000 {
		customer := fmt.Sprint("客户-", i)
		sum := sha256.Sum256([]byte("spring\x00" + customer))
		var top uint64
		if _, err := fmt.Sscanf(hex.EncodeToString(sum[:8]), "%x", &top); err != nil {
			t.Fatal(err)
		}
		want := Treated
		if float64(top)/math.Pow(2, 64) < 0.2 {
			want = HeldOut
		}
		if got := ArmOf("spring", customer, 0.2); got != want {
			t.Fatalf("%s is in arm %d, want %d", customer, got, want)
		}
	}
}

// TestArmsAreBalanced splits many customers by several campaigns: shares are as
// declared, and one campaign says nothing about another.
func TestArmsAreBalanced(t *testing.T) {
	const n = 40_000
	for _, share := range []float64{0.01, 0.1, 0.5, 0.9} {
		for _, campaign := range []string{"a", "b", "summer-2026"} {
			held := int64(0)
			for i := range n {
				if ArmOf(campaign, fmt.Sprint("c-", i), share) == HeldOut {
					held++
				}
			}
			if r := ratioOf(n-held, held, share); r.P < 0.001 {
				t.Errorf("campaign %s held %d of %d out where %v were to be: p = %v", campaign, held, n, share, r.P)
			}
		}
	}
	both, one := int64(0), int64(0)
	for i := range n {
		if ArmOf("a", fmt.Sprint("c-", i), 0.5) == HeldOut {
			one++
			if ArmOf("b", fmt.Sprint("c-", i), 0.5) == HeldOut {
				both++
			}
		}
	}
	if r := ratioOf(one-both, both, 0.5); r.P < 0.001 {
		t.Errorf("of %d held out by a, b holds out %d: p = %v", one, both, r.P)
	}
}

// TestMismatchIsFound knows a split that lost a tenth of one arm. The figures are
// those of χ² worked out by hand.
func TestMismatchIsFound(t *testing.T) {
	r := ratioOf(9000, 900, 0.1)
	if math.Abs(r.ChiSquared-(900-990)*(900-990)/(9900*0.1*0.9)) > 1e-12 || r.P >= 0.01 {
		t.Errorf("%+v", r)
	}
	if r := ratioOf(90_000, 9000, 0.1); r.P >= mismatchLevel {
		t.Errorf("lost a tenth of one arm of 100,000, and p = %v", r.P)
	}
	if r := ratioOf(0, 0, 0.1); r != nil {
		t.Errorf("of nobody there is %+v", r)
	}
}

// TestPower holds the plan against the textbook's sample sizes: 80 % power at 5 %, from
// 10 % to 15 %, needs 686 in each arm without correction (Fleiss, Levin & Paik, table
// A.4, less the continuity correction).
func TestPower(t *testing.T) {
	if p := powerOfShares(0.10, 0.05, 686, 686, 0.95); math.Abs(p-0.80) > 0.005 {
		t.Errorf("power is %v", p)
	}
	d, found := detectableShare(0.10, 686, 686, 0.95, 0.8)
	if !found || math.Abs(d-0.05) > 0.0003 {
		t.Errorf("detectable is %v, %v", d, found)
	}
	if _, found := detectableShare(0.5, 2, 2, 0.95, 0.8); found {
		t.Error("four customers find an effect")
	}
	// n = 2(z₀.₉₇₅+z₀.₈)²σ²/d² = 15.698·σ²/d²: 1,570 in each arm for a tenth of σ.
	if d, found := detectableMean(100, 1570, 1570, 0.95, 0.8); !found || math.Abs(d-10) > 0.01 {
		t.Errorf("detectable mean is %v, %v", d, found)
	}
	if _, found := detectableMean(0, 100, 100, 0.95, 0.8); found {
		t.Error("without spread something is detectable")
	}
}
