package importer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/events"
)

// recordFile is a file in testdata of anything but a shop's orders.
type recordFile struct {
	name string
	kind profilev1.ImportKind
}

var recordFiles = []recordFile{
	{"events.csv", profilev1.ImportKind_IMPORT_KIND_EVENTS},
	{"events.jsonl", profilev1.ImportKind_IMPORT_KIND_EVENTS},
	{"consents.csv", profilev1.ImportKind_IMPORT_KIND_CONSENTS},
	{"identities.csv", profilev1.ImportKind_IMPORT_KIND_IDENTITIES},
	{"customers.jsonl", profilev1.ImportKind_IMPORT_KIND_CUSTOMERS},
	{"orders.jsonl", profilev1.ImportKind_IMPORT_KIND_ORDERS},
}

func (r recordFile) file(t testing.TB) csvFile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", r.name))
	if err != nil {
		t.Fatal(err)
	}
	f := announce(r.kind, data)
	f.FileName, f.TimeZone = r.name, "Asia/Shanghai"
	return f
}

// visitors are those in the files.
var visitors = []string{"v1", "v2", "v3", "v4", "v5"}

// kept tells what is kept of customers but for their orders: identifiers, decisions,
// events; all that an import has written but for the time at which it did.
func (p *process) kept(t testing.TB) []string {
	t.Helper()
	var all []string
	page, err := p.store.Customers.Page(t.Context(), nil, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	names := p.known(t)
	senders := make([]events.Identity, 0, len(page.Items)+len(visitors))
	for _, c := range page.Items {
		senders = append(senders, events.Customer(c.ID))
		identifiers := make([]string, len(c.Identifiers))
		for n, i := range c.Identifiers {
			identifiers[n] = fmt.Sprintf("%s %q %s", i.Type, i.Value, i.Namespace)
		}
		slices.Sort(identifiers)
		all = append(all, fmt.Sprintf("%s: %q %s %v %v %v", names(c.ID), c.DisplayName, c.City, c.Interests, identifiers, c.Attributes))
		list, err := consents.NewServer(p.decided).ListConsents(t.Context(), &profilev1.ListConsentsRequest{Parent: "customers/" + c.ID})
		if err != nil {
			t.Fatal(err)
		}
		for _, consent := range list.GetConsents() {
			for _, d := range consent.GetHistory() {
				all = append(all, fmt.Sprintf("  %s %s at %s until %s by %s: %q %q %q %q", filepath.Base(consent.GetName()), d.GetState(),
					d.GetDecideTime().AsTime().Format("2006-01-02T15:04"), d.GetExpireTime().AsTime().Format("2006-01-02"), strings.Split(d.GetActor(), "/")[0],
					d.GetEvidence().GetSource(), d.GetEvidence().GetDocument(), d.GetEvidence().GetTextVersion(), d.GetEvidence().GetNote()))
			}
		}
	}
	for _, v := range visitors {
		senders = append(senders, events.Visitor(v))
		link, err := p.did.Link(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		if link.Customer != "" {
			all = append(all, fmt.Sprintf("visitor %s is %s", v, names(link.Customer)))
		}
	}
	for _, sender := range senders {
		for e, err := range p.did.Timeline(t.Context(), []events.Identity{sender}, events.Query{Content: true}) {
			if err != nil {
				t.Fatal(err)
			}
			c, err := e.Content(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal([]any{c.Properties, c.Context})
			if err != nil {
				t.Fatal(err)
			}
			who := sender.String()
			if !sender.Visitor {
				who = "customers/" + names(sender.ID)
			}
			all = append(all, fmt.Sprintf("%s %s %s %q %s %s", who, e.ID, e.Type, e.Name, e.Time.Format("2006-01-02T15:04:05.000"), text))
		}
	}
	return all
}

// known calls the customers whose ids are made up by their identifiers.
func (p *process) known(t testing.TB) func(id string) string {
	t.Helper()
	page, err := p.store.Customers.Page(t.Context(), nil, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]string)
	for _, c := range page.Items {
		if len(c.ID) >= 26 && len(c.Identifiers) > 0 {
			known[c.ID] = "<" + c.Identifiers[0].Value + ">"
		}
	}
	return func(id string) string {
		if name, ok := known[id]; ok {
			return name
		}
		return id
	}
}

// What is told of files, and what is kept, is as it was; the same file once more
// changes nothing, as does one that is only checked.
func TestRecordFiles(t *testing.T) {
	for _, r := range recordFiles {
		t.Run(r.name, func(t *testing.T) {
			p := fresh(t)
			f := r.file(t)
			f.DryRun = true
			dry := p.run(t, f, 997)
			if now := p.kept(t); len(now) != 0 || len(p.stored(t)) != 0 {
				t.Errorf("a dry run has written %q", now)
			}
			f.DryRun = false
			done := p.run(t, f, 101)
			if dry.GetRejected() > done.GetRejected() || dry.GetRows() != done.GetRows() {
				t.Errorf("dry run: %v", dry)
			}
			kept := p.kept(t)
			told := p.told(t, done) + strings.Join(kept, "\n") + "\n"
			golden(t, r.name, told)
			f.FileName, f.TimeZone = "again", "PRC" // another import of the same
			again := p.run(t, f, 1<<20)
			if again.GetCreated() != 0 || again.GetRejected() != done.GetRejected() {
				t.Errorf("once more: %v", again)
			}
			if now := p.kept(t); !slices.Equal(now, kept) {
				t.Errorf("once more:\n%s\nbefore:\n%s", strings.Join(now, "\n"), strings.Join(kept, "\n"))
			}
		})
	}
}
