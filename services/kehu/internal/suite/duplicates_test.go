package suite

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// TestDuplicatesOfALabelledBase measures, over the API, how many of the pairs that
// are one person's are proposed (recall) and how many of those proposed are
// (precision). The weights were tuned on the first seed.
func TestDuplicatesOfALabelledBase(t *testing.T) {
	for _, c := range []struct {
		what              string
		base              shop.DirtyConfig
		precision, recall float64
	}{
		{"first seed", shop.DefaultDirty(1, 10_000), 0.99, 0.95},
		{"second seed", shop.DefaultDirty(2, 10_000), 0.99, 0.95},
		{"third seed", shop.DefaultDirty(3, 10_000), 0.99, 0.95},
		{"harsh", shop.HarshDirty(1, 10_000), 0.98, 0.90},
	} {
		t.Run(c.what, func(t *testing.T) {
			err := Temporarily(t.Context(), engines.Config{}, func(ctx context.Context, conn grpc.ClientConnInterface) error {
				base := load(t, conn, shop.Dirty(c.base))
				began := time.Now()
				found := search(t, conn)
				took := time.Since(began)
				precision, recall := base.measure(t, conn)
				t.Logf("%s: %d records, %d pairs of one person; precision %.4f, recall %.4f; %d comparisons in %v",
					c.what, found.GetPopulationSize(), base.pairs(), precision, recall, found.GetComparisons(), took.Round(time.Millisecond))
				if base.pairs() < 1500 || found.GetPopulationSize() < 10_000 {
					t.Error("too few to measure anything")
				}
				if precision < c.precision || recall < c.recall {
					t.Errorf("want precision %v and recall %v at least", c.precision, c.recall)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// BenchmarkDuplicates searches 100,000 records, of three seeds.
func BenchmarkDuplicates(b *testing.B) {
	for _, seed := range []uint64{1, 2, 3} {
		b.Run(fmt.Sprintf("seed=%d", seed), func(b *testing.B) { searchMany(b, shop.DefaultDirty(seed, 84_500)) })
	}
}

func searchMany(b *testing.B, c shop.DirtyConfig) {
	err := Temporarily(b.Context(), engines.Config{}, func(_ context.Context, conn grpc.ClientConnInterface) error {
		base := load(b, conn, shop.Dirty(c))
		var found *profilev1.FindDuplicateCandidatesResponse
		for b.Loop() {
			found = search(b, conn)
		}
		b.ReportMetric(float64(found.GetPopulationSize())*float64(b.N)/b.Elapsed().Seconds(), "customers/s")
		precision, recall := base.measure(b, conn)
		b.ReportMetric(precision, "precision")
		b.ReportMetric(recall, "recall")
		b.Logf("precision %.4f, recall %.4f of %d pairs: %v", precision, recall, base.pairs(), found)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// labelled is what is known of the records that were loaded.
type labelled struct{ person map[string]int } // by name

func (l labelled) pairs() (n int) {
	records := map[int]int{}
	for _, p := range l.person {
		n += records[p]
		records[p]++
	}
	return n
}

// load writes the records as a shop would have them: a phone number or an e-mail
// address identifies who gave it first; with the others it stands as what they
// gave for deliveries.
func load(t testing.TB, conn grpc.ClientConnInterface, records iter.Seq[shop.DirtyRecord]) labelled {
	t.Helper()
	client := profilev1.NewCustomerServiceClient(conn)
	claimed := map[string]bool{}
	claim := func(value string) bool {
		free := value != "" && !strings.Contains(value, "*") && !claimed[value]
		claimed[value] = true
		return free
	}
	known := labelled{map[string]int{}}
	var all []*profilev1.Customer
	for r := range records {
		c := &profilev1.Customer{
			Name: "customers/" + r.ID, DisplayName: r.Name, Region: r.Region, City: r.City,
			Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL,
			Gender: map[string]profilev1.Gender{
				"female": profilev1.Gender_GENDER_FEMALE, "male": profilev1.Gender_GENDER_MALE,
			}[r.Gender],
		}
		if r.Enterprise {
			c.Kind = profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE
		}
		if !r.BirthDate.IsZero() {
			y, m, d := r.BirthDate.Date()
			c.BirthDate = &date.Date{Year: int32(y), Month: int32(m), Day: int32(d)}
		}
		at := &profilev1.PostalAddress{Region: r.Region, City: r.City, District: r.District, Line: r.Address, Phone: r.Phone, Email: r.Email}
		if claim(r.Phone) {
			c.Identifiers = append(c.Identifiers, &profilev1.Identifier{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: r.Phone})
			at.Phone = ""
		}
		if claim(r.Email) {
			c.Identifiers = append(c.Identifiers, &profilev1.Identifier{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: r.Email})
			at.Email = ""
		}
		if at.Line != "" || at.Phone != "" || at.Email != "" {
			c.PostalAddresses = []*profilev1.PostalAddress{at}
		}
		known.person[c.Name] = r.Person
		all = append(all, c)
	}
	for part := range slices.Chunk(all, 1000) {
		answer, err := client.BatchUpsertCustomers(t.Context(), &profilev1.BatchUpsertCustomersRequest{Customers: part})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range answer.GetStatuses() {
			if s.GetCode() != 0 {
				t.Fatalf("%v: %v", part[i], s)
			}
		}
	}
	return known
}

func search(t testing.TB, conn grpc.ClientConnInterface) *profilev1.FindDuplicateCandidatesResponse {
	t.Helper()
	op, err := profilev1.NewDuplicateServiceClient(conn).FindDuplicateCandidates(t.Context(), &profilev1.FindDuplicateCandidatesRequest{})
	for err == nil && !op.GetDone() {
		op, err = profilev1.NewOperationServiceClient(conn).WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{
			Name: op.GetName(), Timeout: durationpb.New(5 * time.Second),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	found := &profilev1.FindDuplicateCandidatesResponse{}
	if op.GetError() != nil {
		t.Fatal(op.GetError())
	}
	if err := op.GetResponse().UnmarshalTo(found); err != nil {
		t.Fatal(err)
	}
	return found
}

// measure reads the candidates and lays them beside the labels.
func (l labelled) measure(t testing.TB, conn grpc.ClientConnInterface) (precision, recall float64) {
	t.Helper()
	right, proposed := 0, 0
	wrong := map[string]int{}
	for request := (&profilev1.ListDuplicateCandidatesRequest{PageSize: 1000}); ; {
		page, err := profilev1.NewDuplicateServiceClient(conn).ListDuplicateCandidates(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.GetDuplicateCandidates() {
			proposed++
			if l.person[c.GetCustomers()[0]] == l.person[c.GetCustomers()[1]] {
				right++
				continue
			}
			what := ""
			for _, r := range c.GetReasons() {
				what += fmt.Sprintf(" %s %s;", r.GetField(), r.GetLevel())
			}
			wrong[what]++
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			break
		}
	}
	if _, isTest := t.(*testing.T); isTest {
		for _, what := range slices.Sorted(maps.Keys(wrong)) {
			t.Logf("%d times wrong:%s", wrong[what], what)
		}
	}
	return float64(right) / float64(proposed), float64(right) / float64(l.pairs())
}
