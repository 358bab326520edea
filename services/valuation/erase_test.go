package valuation_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

const pseudonym = "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KD"

// held is all that the service holds of some customers, by section.
func (c *client) held(ids ...string) map[string][]*structpb.Struct {
	c.Helper()
	stream, err := c.personal.ReadPersonalData(c.Context(), &valuationv1.ReadPersonalDataRequest{Person: &apiv1.Person{CustomerIds: ids}})
	if err != nil {
		c.Fatal(err)
	}
	held := map[string][]*structpb.Struct{}
	for {
		part, err := stream.Recv()
		if err != nil {
			if err = ended(err); err != nil {
				c.Fatal(err)
			}
			return held
		}
		held[part.GetSection()] = append(held[part.GetSection()], part.GetRecords()...)
	}
}

func (c *client) erase(ids ...string) ([]*apiv1.ErasedSection, error) {
	answer, err := c.personal.ErasePersonalData(c.Context(), &valuationv1.ErasePersonalDataRequest{
		Person: &apiv1.Person{CustomerIds: ids}, Pseudonym: pseudonym,
	})
	return answer.GetSections(), err
}

func (c *client) eraseAll(ids ...string) []*apiv1.ErasedSection {
	c.Helper()
	sections, err := c.erase(ids...)
	for until := time.Now().Add(within); err != nil; sections, err = c.erase(ids...) {
		wantError(c, err, codes.Unavailable, "ERASURE_HELD_UP", "")
		if time.Now().After(until) {
			c.Fatal("the erasure is held up for too long")
		}
	}
	return sections
}

func (c *client) summary() *valuationv1.ValuationSummary {
	c.Helper()
	summary, err := c.GetValuationSummary(c.Context(), &valuationv1.GetValuationSummaryRequest{})
	if err != nil {
		c.Fatal(err)
	}
	return summary
}

// wantListed checks that in every order the customers listed are those counted.
func (c *client) wantListed(n int, gone ...string) {
	c.Helper()
	for _, orderBy := range []string{"", "recency_days", "customer_id"} {
		all := c.list(orderBy, 3) // which compares with total_size
		for _, v := range all {
			for _, id := range gone {
				if v.GetCustomerId() == id {
					c.Errorf("%s is listed", id)
				}
			}
		}
		if len(all) != n {
			c.Errorf("by %q %d are listed, want %d", orderBy, len(all), n)
		}
	}
	streamed, err := c.stream(&valuationv1.StreamValuationsRequest{})
	if s := c.summary(); err != nil || len(streamed) != n || s.GetCustomers()-s.GetErasedCustomers() != int64(n) {
		c.Errorf("streamed are %d, %v; the summary says %d less %d, want %d", len(streamed), err, s.GetCustomers(), s.GetErasedCustomers(), n)
	}
}

func townShop(customers int) *shop {
	s := newShop()
	for i := range customers {
		s.buy(fmt.Sprintf("客户-%02d", i), today.AddDate(0, 0, -i-1), int64(1000+i), "CNY", 100)
	}
	return s
}

func TestPersonIsShownAndErased(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testErased(t, engine.open(t)) })
	}
}

func testErased(t *testing.T, e docstore.Engine) {
	const n = 12
	shop := townShop(n)
	c := serve(t, e, serveShop(t, shop), frozen)
	if got := c.held("客户-03"); len(got) != 0 {
		t.Fatalf("before any refresh there is %v", got)
	}
	c.refresh(policy("2026-02-28"))
	first, err := c.ListValuations(t.Context(), &valuationv1.ListValuationsRequest{PageSize: 5})
	if err != nil {
		t.Fatal(err)
	}
	c.refresh(policy("2026-02-28"))
	person := []string{"客户-03", "客户-07", "old id"}
	held := c.held(person...)["valuations"]
	if len(held) != 4 || held[0].AsMap()["orders"] != "1" {
		t.Fatalf("held are %v", held)
	}
	for _, id := range person {
		shop.forget(id)
	}
	for range 2 {
		sections := c.eraseAll(person...)
		if len(sections) == 0 || sections[0].GetErased() != 4 || sections[0].GetService() != "valuation" {
			t.Fatalf("erased %v", sections)
		}
	}
	if got := c.held(person...); len(got) != 0 {
		t.Errorf("there is still %v", got)
	}
	c.wantListed(n-2, person...)
	if s := c.summary(); s.GetCustomers() != n || s.GetErasedCustomers() != 2 {
		t.Errorf("of %d customers %d are erased", s.GetCustomers(), s.GetErasedCustomers())
	}
	_, err = c.GetValuation(t.Context(), &valuationv1.GetValuationRequest{Name: "customers/客户-03/valuation"})
	wantError(t, err, codes.NotFound, "VALUATION_NOT_FOUND", "")
	rest, err := c.ListValuations(t.Context(), &valuationv1.ListValuationsRequest{PageSize: 100, PageToken: first.GetNextPageToken()})
	if err != nil || len(rest.GetValuations()) != n-5-2+erasedIn(first, person) || rest.GetTotalSize() != n-2 || rest.GetValuations()[0].GetGeneration() != 1 {
		t.Errorf("the pages of the first refresh go on with %v, %v", rest, err)
	}
	c.refresh(policy("2026-02-28"))
	c.wantListed(n-2, person...)
	if s := c.summary(); s.GetCustomers() != n-2 || s.GetErasedCustomers() != 0 {
		t.Errorf("anew there are %d customers, %d erased", s.GetCustomers(), s.GetErasedCustomers())
	}
}

func erasedIn(page *valuationv1.ListValuationsResponse, person []string) (n int) {
	for _, v := range page.GetValuations() {
		for _, id := range person {
			if v.GetCustomerId() == id {
				n++
			}
		}
	}
	return n
}

// A refresh that has read the person holds the erasure up, and publishes nobody
// who is not erased by the next call. One that begins later does not.
func TestErasureWaitsForRefreshes(t *testing.T) {
	const n = 12
	shop := townShop(n)
	c := serve(t, openPebble(t), serveShop(t, shop), frozen)
	c.refresh(policy("2026-02-28"))
	reached, released := make(chan struct{}), make(chan struct{})
	shop.setBefore(func(_, message int) error {
		if message == 3 {
			close(reached)
			<-released
			shop.setBefore(nil)
		}
		return nil
	})
	op := c.start(policy("2026-02-28"))
	<-reached
	shop.forget("客户-02")
	for range 2 {
		_, err := c.erase("客户-02")
		wantError(t, err, codes.Unavailable, "ERASURE_HELD_UP", "")
		c.wantListed(n-1, "客户-02")
	}
	later := c.start(policy("2026-02-28"))
	close(released)
	if summary := c.result(c.await(op.GetName())); summary.GetCustomers() != n {
		t.Fatalf("the refresh had not read the person: %d customers", summary.GetCustomers())
	}
	c.eraseAll("客户-02")
	c.result(c.await(later.GetName()))
	if got := c.held("客户-02"); len(got) != 0 {
		t.Errorf("there is still %v", got)
	}
	c.wantListed(n-1, "客户-02")
}

// While customers are erased every page agrees with its count.
func TestListsAgreeWhileErasing(t *testing.T) {
	const n = 40
	shop := townShop(n)
	c := serve(t, openPebble(t), serveShop(t, shop), frozen)
	c.refresh(policy("2026-02-28"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range n {
			c.eraseAll(fmt.Sprintf("客户-%02d", i))
		}
	}()
	for reads := 0; ; reads++ {
		answer, err := c.ListValuations(t.Context(), &valuationv1.ListValuationsRequest{PageSize: 1000})
		if err != nil || int64(len(answer.GetValuations())) != answer.GetTotalSize() {
			t.Errorf("%d are listed, total_size says %d, %v", len(answer.GetValuations()), answer.GetTotalSize(), err)
		}
		select {
		case <-done:
			if s := c.summary(); s.GetErasedCustomers() != n || reads == 0 {
				t.Errorf("%d are erased, %d reads", s.GetErasedCustomers(), reads)
			}
			return
		default:
		}
	}
}

// After an erasure no file tells of the person, whom superseded refreshes knew too.
func TestNoFileTells(t *testing.T) {
	const tail = "k3Jv9TbQy6HfEa1G" // of the id: a key is stored without what it begins with like the one before
	dir := t.TempDir()
	engine, err := pebblestore.Open(dir, pebblestore.Options{MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	shop := townShop(200)
	shop.buy("客户-"+tail, today.AddDate(0, 0, -9), 7654321, "CNY", 100)
	c := serve(t, engine, serveShop(t, shop), frozen)
	for range 3 {
		c.refresh(policy("2026-02-28"))
	}
	if filesWith(t, dir, tail) == nil {
		t.Fatal("the customer is in no file: the test sees nothing")
	}
	shop.forget("客户-" + tail)
	c.eraseAll("客户-" + tail)
	if files := filesWith(t, dir, tail); files != nil {
		t.Errorf("the customer is still in %v", files)
	}
	c.wantListed(200)
}

func filesWith(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		// The engine's list of its files says with which keys, ids, each began.
		if bytes.Contains(content, []byte(text)) && !strings.HasPrefix(entry.Name(), "MANIFEST") {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
