// Package rights says in words what became of a person's data.
package rights

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

// words are what is said in a language.
type words struct {
	receipt, look, services, pseudonym, basis, done, section, erased, stays, held, nothing, why string
	authentic, ofCustomer, yes, no                                                              string
}

var languages = map[string]words{
	"en": {
		receipt: "Erasure receipt %s", look: "What would be erased", services: "services asked", pseudonym: "what stays goes by", basis: "basis",
		done: "done", section: "records", erased: "erased", stays: "stay without a name", held: "held", nothing: "Nothing is held.", why: "why they stay",
		authentic: "as it was issued", ofCustomer: "of this customer", yes: "yes", no: "no",
	},
	"zh": {
		receipt: "删除回执 %s", look: "将被删除的内容", services: "已通知的服务", pseudonym: "保留记录使用的代号", basis: "依据",
		done: "完成时间", section: "记录", erased: "已删除", stays: "匿名保留", held: "条数", nothing: "没有任何记录。", why: "保留原因",
		authentic: "回执未被改动", ofCustomer: "属于该客户", yes: "是", no: "否",
	},
}

// WriteReceipt says what became of a person's records; of a receipt without a name,
// what would.
func WriteReceipt(p *layout.Page, lang string, r *profilev1.ErasureReceipt) {
	w := languages[lang]
	if r.GetName() == "" {
		p.Title(w.look)
		p.Table(sectionRows(w, lang, r, false))
		return
	}
	p.Title(fmt.Sprintf(w.receipt, r.GetName()))
	facts := [][2]string{{w.basis, r.GetBasis()}, {w.services, strings.Join(r.GetServices(), ", ")}, {w.pseudonym, r.GetPseudonym()}}
	if t := r.GetCompleteTime(); t != nil {
		facts = append(facts, [2]string{w.done, t.AsTime().Format(time.RFC3339)})
	}
	p.Facts(facts)
	p.Heading(w.section)
	p.Table(sectionRows(w, lang, r, true))
}

func sectionRows(w words, lang string, r *profilev1.ErasureReceipt, outcome bool) [][]string {
	rows := [][]string{{"", w.held}}
	if outcome {
		rows = [][]string{{"", w.erased, w.stays, w.why}}
	}
	for _, s := range r.GetSections() {
		row := []string{title(lang, s), strconv.FormatInt(s.GetErased(), 10)}
		if outcome {
			row = append(row, strconv.FormatInt(s.GetPseudonymised(), 10), s.GetReason())
		}
		rows = append(rows, row)
	}
	return rows
}

// titled is a kind of records with its title in both languages.
type titled interface {
	GetService() string
	GetTitle() string
	GetTitleZh() string
}

func title(lang string, s titled) string {
	text := s.GetTitle()
	if lang == "zh" {
		text = s.GetTitleZh()
	}
	return fmt.Sprintf("%s (%s)", text, s.GetService())
}

// WriteHeld lists what is held about a person.
func WriteHeld(p *layout.Page, lang string, sections []*profilev1.PersonalDataSection) {
	w := languages[lang]
	if len(sections) == 0 {
		p.Item(w.nothing)
		return
	}
	rows := [][]string{{"", w.held}}
	for _, s := range sections {
		rows = append(rows, []string{title(lang, s), strconv.FormatInt(s.GetRecords(), 10)})
	}
	p.Table(rows)
}

// WriteVerified says what a receipt proves, and what is held now.
func WriteVerified(p *layout.Page, lang string, v *profilev1.VerifyErasureReceiptResponse) {
	w := languages[lang]
	said := func(b bool) string {
		if b {
			return w.yes
		}
		return w.no
	}
	p.Facts([][2]string{{w.authentic, said(v.GetAuthentic())}, {w.ofCustomer, said(v.GetOfCustomer())}})
	WriteHeld(p, lang, v.GetRemaining())
}
