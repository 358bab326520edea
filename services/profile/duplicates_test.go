package profile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/vault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile"
)

// finder is the service at work, with a clock that goes on a second a look.
type finder struct {
	t          *testing.T
	customers  profilev1.CustomerServiceClient
	duplicates profilev1.DuplicateServiceClient
	merges     profilev1.MergingServiceClient
	operations profilev1.OperationServiceClient
}

var ticks atomic.Int64

func findOn(t *testing.T, e docstore.Engine) *finder {
	f, stop := startFinder(t, e, vaulttest.On(t, e))
	t.Cleanup(stop)
	return f
}

func startFinder(t *testing.T, e docstore.Engine, v *vault.Vault) (*finder, func()) {
	clock := func() time.Time { return now.Add(time.Duration(ticks.Add(1)) * time.Second) }
	service, err := profile.New(context.Background(), profile.DefaultConfig(), profile.Deps{Engine: e, Vault: v, Clock: clock})
	must(t, err)
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	must(t, err)
	server.Register(service.Register)
	client := rpc.DefaultClientConfig("profile")
	client.MaxReceive, client.Deadline = 64*config.MiB, time.Minute
	listener, conn, err := rpc.Pipe(client)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 2)
	go func() { served <- server.Serve(ctx, listener) }()
	go func() { served <- service.Serve(ctx) }()
	return newFinder(t, conn), func() {
		must(t, conn.Close())
		cancel()
		must(t, errors.Join(<-served, <-served))
		must(t, service.Close())
	}
}

func newFinder(t *testing.T, conn grpc.ClientConnInterface) *finder {
	return &finder{
		t, profilev1.NewCustomerServiceClient(conn), profilev1.NewDuplicateServiceClient(conn),
		profilev1.NewMergingServiceClient(conn), profilev1.NewOperationServiceClient(conn),
	}
}

func (f *finder) upsert(customers ...*profilev1.Customer) {
	f.t.Helper()
	for part := range slices.Chunk(customers, 1000) {
		answer, err := f.customers.BatchUpsertCustomers(f.t.Context(), &profilev1.BatchUpsertCustomersRequest{Customers: part})
		must(f.t, err)
		for _, s := range answer.GetStatuses() {
			if s.GetCode() != 0 {
				f.t.Fatal(s)
			}
		}
	}
}

// find searches and waits for the end.
func (f *finder) find() *profilev1.FindDuplicateCandidatesResponse {
	f.t.Helper()
	op, err := f.duplicates.FindDuplicateCandidates(f.t.Context(), &profilev1.FindDuplicateCandidatesRequest{})
	must(f.t, err)
	return f.wait(op.GetName())
}

func (f *finder) wait(name string) *profilev1.FindDuplicateCandidatesResponse {
	f.t.Helper()
	for {
		op, err := f.operations.WaitOperation(f.t.Context(), &longrunningpb.WaitOperationRequest{
			Name: name, Timeout: durationpb.New(5 * time.Second),
		})
		must(f.t, err)
		if !op.GetDone() {
			continue
		}
		if op.GetError() != nil {
			f.t.Fatal(op.GetError())
		}
		answer := &profilev1.FindDuplicateCandidatesResponse{}
		must(f.t, op.GetResponse().UnmarshalTo(answer))
		return answer
	}
}

// list returns the pairs of a state as "a+b", the best first, with the candidates.
func (f *finder) list(of profilev1.DuplicateState) (pairs []string, all []*profilev1.DuplicateCandidate) {
	f.t.Helper()
	for token := ""; ; {
		page, err := f.duplicates.ListDuplicateCandidates(f.t.Context(), &profilev1.ListDuplicateCandidatesRequest{
			State: of, PageSize: 2, PageToken: token,
		})
		must(f.t, err)
		for _, c := range page.GetDuplicateCandidates() {
			pairs = append(pairs, c.GetCustomers()[0][len("customers/"):]+"+"+c.GetCustomers()[1][len("customers/"):])
			all = append(all, c)
		}
		if token = page.GetNextPageToken(); token == "" {
			return pairs, all
		}
	}
}

func (f *finder) check(id string) *profilev1.FindDuplicatesResponse {
	f.t.Helper()
	answer, err := f.duplicates.FindDuplicates(f.t.Context(), &profilev1.FindDuplicatesRequest{Name: "customers/" + id})
	must(f.t, err)
	return answer
}

func born(y, m, d int32) *date.Date { return &date.Date{Year: y, Month: m, Day: d} }

func person(id, name string, birth *date.Date) *profilev1.Customer {
	return &profilev1.Customer{Name: "customers/" + id, DisplayName: name, BirthDate: birth, City: "深圳"}
}

const (
	pairOpen      = profilev1.DuplicateState_DUPLICATE_STATE_OPEN
	pairAccepted  = profilev1.DuplicateState_DUPLICATE_STATE_ACCEPTED
	pairDismissed = profilev1.DuplicateState_DUPLICATE_STATE_DISMISSED
)

// crowd is people who have nothing to do with anybody.
func crowd(n int) []*profilev1.Customer {
	all := make([]*profilev1.Customer, n)
	for i := range all {
		name := string([]rune{rune(0x4e00 + i*37%5000), rune(0x5200 + i*91%7000), rune(0x6100 + i*53%6000)})
		all[i] = person(fmt.Sprintf("x%05d", i), name, born(int32(1950+i%50), int32(1+i%12), int32(1+i%28)))
		all[i].City = fmt.Sprintf("city %d", i%97)
	}
	return all
}

func TestDuplicatesLife(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := findOn(t, e)
		ctx := t.Context()
		_, err := f.duplicates.FindDuplicates(ctx, &profilev1.FindDuplicatesRequest{Name: "customers/nobody"})
		refused(t, "before the first search", err, codes.FailedPrecondition, "DUPLICATES_NOT_INDEXED", "")
		f.upsert(crowd(60)...)
		f.upsert(
			person("a1", "王芳", born(1990, 5, 7)), person("a2", "Fang Wang", born(1990, 7, 5)),
			person("b1", "李晓明", born(1984, 2, 3)), person("b2", "李小明", born(1984, 2, 3)),
			person("c1", "陈静怡", born(0, 3, 4)), person("c2", "陈静怡", born(0, 3, 4)),
		)
		found := f.find()
		if found.GetPopulationSize() != 66 || found.GetOpenCandidates() < 3 || found.GetNewCandidates() != found.GetOpenCandidates() {
			t.Fatalf("first search: %v", found)
		}
		pairs, all := f.list(pairOpen)
		for _, want := range []string{"a1+a2", "b1+b2", "c1+c2"} {
			if !slices.Contains(pairs, want) {
				t.Fatalf("found %v, without %s", pairs, want)
			}
		}
		if !slices.IsSortedFunc(all, func(a, b *profilev1.DuplicateCandidate) int { return int(b.GetWeight()*100 - a.GetWeight()*100) }) {
			t.Error("not by score")
		}
		first := pairs
		by := func(pair string) *profilev1.DuplicateCandidate { return all[slices.Index(first, pair)] }
		if r := by("a1+a2").GetReasons(); len(r) < 3 || r[0].GetTextZh() == "" || r[0].GetTextEn() == "" {
			t.Errorf("reasons: %v", r)
		}

		// Dismissed, and proposed again only when the records say more.
		gone, err := f.duplicates.DismissDuplicateCandidate(ctx, &profilev1.DismissDuplicateCandidateRequest{Name: by("c1+c2").GetName()})
		must(t, err)
		if gone.GetState() != pairDismissed || gone.GetResolveTime() == nil {
			t.Errorf("dismissed: %v", gone)
		}
		_, err = f.duplicates.AcceptDuplicateCandidate(ctx, &profilev1.AcceptDuplicateCandidateRequest{Name: gone.GetName()})
		refused(t, "accepting a dismissed one", err, codes.FailedPrecondition, "DUPLICATE_CANDIDATE_RESOLVED", "")
		if found = f.find(); found.GetNewCandidates() != 0 || found.GetDismissedCandidates() != 1 {
			t.Errorf("second search: %v", found)
		}
		f.upsert(person("c1", "陈静怡", born(1971, 3, 4)), person("c2", "陈静怡", born(1971, 3, 4)))
		if found = f.find(); found.GetReopenedCandidates() != 1 || found.GetDismissedCandidates() != 0 {
			t.Errorf("after the evidence has grown: %v", found)
		}

		// Accepted: one customer, by either id; taken apart again, it counts as dismissed.
		merged, err := f.duplicates.AcceptDuplicateCandidate(ctx, &profilev1.AcceptDuplicateCandidateRequest{
			Name: by("a1+a2").GetName(), Survivor: "customers/a2",
		})
		must(t, err)
		if merged.GetState() != pairAccepted || merged.GetMergeRecord() == "" {
			t.Fatalf("accepted: %v", merged)
		}
		again, err := f.duplicates.AcceptDuplicateCandidate(ctx, &profilev1.AcceptDuplicateCandidateRequest{Name: merged.GetName()})
		must(t, err)
		same(t, "accepted twice", again, merged)
		one, err := f.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: "customers/a1"})
		must(t, err)
		if one.GetName() != "customers/a2" {
			t.Errorf("a1 is read as %s", one.GetName())
		}
		if found = f.find(); found.GetPopulationSize() != 65 {
			t.Errorf("after a merge: %v", found)
		}
		if pairs, _ = f.list(pairAccepted); !slices.Equal(pairs, []string{"a1+a2"}) {
			t.Errorf("accepted are %v", pairs)
		}
		_, err = f.merges.UnmergeCustomers(ctx, &profilev1.UnmergeCustomersRequest{
			Target: &profilev1.UnmergeCustomersRequest_Customer{Customer: "customers/a1"},
		})
		must(t, err)
		f.find()
		if pairs, _ = f.list(pairDismissed); !slices.Contains(pairs, "a1+a2") {
			t.Errorf("dismissed are %v", pairs)
		}

		// What nothing speaks for any more is removed.
		_, err = f.customers.UpdateCustomer(ctx, &profilev1.UpdateCustomerRequest{
			Customer:   &profilev1.Customer{Name: "customers/b2", DisplayName: "赵丽", BirthDate: born(1955, 8, 9)},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name", "birth_date"}},
		})
		must(t, err)
		if found = f.find(); found.GetRemovedCandidates() != 1 {
			t.Errorf("after a correction: %v", found)
		}
		_, err = f.duplicates.GetDuplicateCandidate(ctx, &profilev1.GetDuplicateCandidateRequest{Name: by("b1+b2").GetName()})
		refused(t, "removed", err, codes.NotFound, "DUPLICATE_CANDIDATE_NOT_FOUND", "")
	})
}

func TestDuplicatesOfOneCustomer(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := findOn(t, e)
		f.upsert(crowd(60)...)
		f.upsert(person("old", "欧阳静", born(1990, 5, 7)))
		f.find()
		f.upsert(person("new", "Ouyang Jing", born(1990, 5, 7)), person("third", "欧阳婧", born(1990, 5, 7)))
		shown, err := f.duplicates.FindDuplicates(t.Context(), &profilev1.FindDuplicatesRequest{Name: "customers/new", ValidateOnly: true})
		must(t, err)
		if pairs, _ := f.list(pairOpen); len(shown.GetCandidates()) != 1 || len(pairs) != 0 {
			t.Errorf("shown %v, recorded %v", shown.GetCandidates(), pairs)
		}
		if got := f.check("new").GetCandidates(); len(got) != 1 || got[0].GetCustomers()[0] != "customers/new" || got[0].GetCustomers()[1] != "customers/old" {
			t.Errorf("new: %v", got)
		}
		// What was checked itself is known to the next.
		if got := f.check("third").GetCandidates(); len(got) != 2 {
			t.Errorf("third: %v", got)
		}
		if found := f.find(); found.GetOpenCandidates() != 3 || found.GetNewCandidates() != 0 {
			t.Errorf("search afterwards: %v", found)
		}
		_, err = f.duplicates.FindDuplicates(t.Context(), &profilev1.FindDuplicatesRequest{Name: "customers/none"})
		refused(t, "unknown", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
		_, err = f.duplicates.FindDuplicates(t.Context(), &profilev1.FindDuplicatesRequest{Name: "customers/new", MinScore: 0.2})
		refused(t, "score", err, codes.InvalidArgument, "INVALID_FIELD", "min_score")
	})
}

func TestLargeBlocksAreLeftOutAndSaid(t *testing.T) {
	f := findOn(t, onPebble(t))
	var all []*profilev1.Customer
	for i := range 250 {
		all = append(all, person(fmt.Sprintf("n%03d", i), "王芳", nil))
	}
	f.upsert(all...)
	found := f.find()
	skipped := found.GetSkippedBlocks()
	if len(skipped) != 2 || skipped[0].GetKey() != "name" || skipped[0].GetBlocks() != 1 || skipped[0].GetCustomers() != 250 ||
		skipped[0].GetLargest() != 250 || skipped[1].GetKey() != "name_city" || found.GetComparisons() != 0 {
		t.Errorf("%v", found)
	}
	if left := f.check("n007").GetSkippedBlocks(); len(left) != 2 {
		t.Errorf("one of them: %v", left)
	}
}

// TestSearchSurvivesRestarts stops the service again and again during a search.
func TestSearchSurvivesRestarts(t *testing.T) {
	e := onPebble(t)
	v := vaulttest.On(t, e)
	f, stop := startFinder(t, e, v)
	people := crowd(4000)
	for i := range 300 {
		people[2*i+1].DisplayName, people[2*i+1].BirthDate = people[2*i].DisplayName, people[2*i].BirthDate
	}
	f.upsert(people...)
	want := f.find()
	op, err := f.duplicates.FindDuplicateCandidates(t.Context(), &profilev1.FindDuplicateCandidatesRequest{})
	must(t, err)
	for range 5 {
		stop()
		f, stop = startFinder(t, e, v)
		_, err := f.operations.GetOperation(t.Context(), &longrunningpb.GetOperationRequest{Name: op.GetName()})
		must(t, err)
	}
	got := f.wait(op.GetName())
	stop()
	if got.GetOpenCandidates() != want.GetOpenCandidates() || got.GetOpenCandidates() < 300 || got.GetNewCandidates() != 0 ||
		got.GetPopulationSize() != 4000 || got.GetComparisons() != want.GetComparisons() || got.GetBlocks() != want.GetBlocks() {
		t.Errorf("with restarts %v, without %v", got, want)
	}
}

// TestNothingPersonalIsKeptOfDuplicates looks at the tables below the service.
func TestNothingPersonalIsKeptOfDuplicates(t *testing.T) {
	e := &tables{Engine: onPebble(t), opened: map[string]docstore.Table{}}
	f := findOn(t, e)
	f.upsert(person("a1", "司徒慕容", born(1990, 5, 7)), person("a2", "Situ Murong", born(1990, 5, 7)))
	f.upsert(crowd(20)...)
	f.find()
	if pairs, _ := f.list(pairOpen); len(pairs) != 1 {
		t.Fatalf("found %v", pairs)
	}
	looked := 0
	for name, table := range e.opened {
		if !strings.HasPrefix(name, "duplicate_") {
			continue
		}
		for entry, err := range table.Scan(t.Context(), docstore.Range{}) {
			must(t, err)
			looked++
			for _, canary := range []string{"situmurong", "Situ", "司徒"} {
				if text := entry.ID + string(entry.Doc); strings.Contains(text, canary) {
					t.Errorf("%s holds %q: %q", name, canary, text)
				}
			}
		}
	}
	if looked < 100 {
		t.Errorf("only %d documents were looked at", looked)
	}
}

// tables remembers the tables that were opened.
type tables struct {
	docstore.Engine
	opened map[string]docstore.Table
}

func (e *tables) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := e.Engine.Table(ctx, layout)
	e.opened[layout.Name] = table
	return table, err
}
