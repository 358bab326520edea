package importer

import (
	"context"
	"slices"
	"strings"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// Consents records decisions; *consents.Store does.
type Consents interface {
	DecideMany(ctx context.Context, given []consents.Given, validateOnly bool) ([]consents.Outcome, error)
}

// consentLayout is that of consents.
var consentLayout = layout{
	columns: []column{
		{"customer_id", []string{"customer_id", "user_id", "客户编号", "客户ID", "会员号"}},
		{"purpose", []string{"purpose", "目的", "用途"}},
		{"state", []string{"state", "decision", "status", "状态", "决定", "是否同意"}},
		{"decided_at", []string{"decided_at", "decide_time", "时间", "决定时间", "同意时间"}},
		{"expires_at", []string{"expires_at", "expire_time", "到期时间", "有效期至"}},
		{"evidence_source", []string{"evidence_source", "evidence", "evidence.source", "证据", "证据来源", "来源"}},
		{"evidence_document", []string{"evidence_document", "evidence.document", "证据文件", "文件"}},
		{"evidence_text_version", []string{"evidence_text_version", "text_version", "evidence.text_version", "文本版本"}},
		{"evidence_note", []string{"evidence_note", "evidence.note", "note", "备注"}},
	},
	required: [][]string{{"customer_id"}, {"purpose"}, {"state"}, {"decided_at"}},
}

// consentStates are the words for what was decided.
var consentStates = func() map[string]profilev1.ConsentState {
	all := make(map[string]profilev1.ConsentState)
	for _, w := range []struct {
		means profilev1.ConsentState
		words []string
	}{
		{profilev1.ConsentState_CONSENT_STATE_GRANTED, []string{
			"granted", "grant", "given", "opt-in", "opt_in", "optin", "subscribed", "yes", "y", "true", "1", "同意", "已同意", "是", "授权", "已授权", "订阅", "已订阅",
		}},
		{profilev1.ConsentState_CONSENT_STATE_WITHDRAWN, []string{
			"withdrawn", "withdraw", "revoked", "denied", "opt-out", "opt_out", "optout", "unsubscribed", "objected", "no", "n", "false", "0",
			"撤回", "已撤回", "拒绝", "已拒绝", "不同意", "否", "取消授权", "退订", "已退订", "反对",
		}},
	} {
		for _, word := range w.words {
			all[word] = w.means
		}
	}
	return all
}()

// consentRows reads rows with the columns of consents.
type consentRows struct {
	columns *columns
	run     string
	zone    *time.Location
}

// take adds the decision of a row to the batch.
func (r *consentRows) take(b *batch, row sheet.Row) *fault.Fault {
	value := func(column string) string { return unescaped(r.columns.in(row.Fields, column)) }
	given := consents.Given{Customer: unquoted(value("customer_id")), Purpose: strings.TrimPrefix(value("purpose"), "purposes/"), Row: row.Number}
	if f := customerKey(given.Customer); f != nil {
		return f
	}
	if given.Purpose == "" {
		return invalid("purpose", "VALUE_MISSING", "must not be empty")
	}
	word := value("state")
	state, known := consentStates[mapping.Fold(word)]
	switch {
	case word == "":
		return invalid("state", "VALUE_MISSING", "must not be empty")
	case !known:
		return invalid("state", "VALUE_UNKNOWN", "must be granted or withdrawn, is %q", clip(word, 40))
	}
	given.Decision = consents.Decision{State: state, Actor: importName(r.run), Evidence: &profilev1.ConsentEvidence{
		Source: value("evidence_source"), Document: value("evidence_document"),
		TextVersion: value("evidence_text_version"), Note: value("evidence_note"),
	}}
	var f *fault.Fault
	if given.DecidedAt, f = readTime("decided_at", value("decided_at"), r.zone); f != nil {
		return f
	}
	if text := value("expires_at"); text != "" {
		if given.ExpiresAt, f = readTime("expires_at", text, r.zone); f != nil {
			return f
		}
	}
	b.consents = append(b.consents, given)
	b.rowOf = append(b.rowOf, row.Number)
	b.fields = append(b.fields, row.Fields...)
	return nil
}

// recordConsents writes the decisions of a batch, of customers who are created where
// they are not there. A decision that is there already is unchanged.
func (i *Importer) recordConsents(ctx context.Context, f *file, b *batch) error {
	records := make([]keyed, len(b.consents))
	for n := range b.consents {
		g := &b.consents[n]
		// Two that differ in their evidence alone count as one in a dry run.
		records[n] = keyed{n, docstore.ID(f.run(), g.Customer, g.Purpose, g.DecidedAt.Format(time.RFC3339Nano), g.State.String()), g.Row}
	}
	outcomes, err := i.repeatable(ctx, f, records, func(some []keyed) ([]app.Outcome, error) {
		return i.decide(ctx, f, pick(b.consents, some))
	})
	if err != nil {
		return err
	}
	for n, out := range outcomes {
		if err := b.count(f, n, b.rowOf[n], out, consentColumn); err != nil {
			return err
		}
	}
	return nil
}

func (i *Importer) decide(ctx context.Context, f *file, given []consents.Given) (outcomes []app.Outcome, err error) {
	record := func() error {
		made, err := i.consents.DecideMany(ctx, given, f.DryRun)
		outcomes = make([]app.Outcome, len(made))
		for n, out := range made {
			switch {
			case out.Fault != nil:
				outcomes[n].Fault = out.Fault
			case out.Made:
				outcomes[n].Effect = app.Created
			default:
				outcomes[n].Effect = app.Unchanged
			}
		}
		return err
	}
	if f.DryRun {
		err = record()
		return outcomes, err
	}
	// Whoever has decided about a purpose that there is not is none we know.
	foreseen, err := i.consents.DecideMany(ctx, given, true)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(given))
	for n, g := range given {
		if foreseen[n].Fault == nil {
			ids = append(ids, g.Customer)
		}
	}
	err = i.recorder.WithCustomersFrom(ctx, domain.Source{Import: f.run()}, slices.Values(ids), record)
	return outcomes, err
}

// consentColumn is the column from which a field of a consent comes.
func consentColumn(path string) string {
	switch path {
	case "decision.state":
		return "state"
	case "decision.decide_time":
		return "decided_at"
	case "decision.expire_time":
		return "expires_at"
	}
	if part, is := strings.CutPrefix(path, "decision.evidence."); is {
		return "evidence_" + part
	}
	return path
}
