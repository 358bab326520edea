package pairs

import (
	"fmt"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

// words are what is said about a search, in a language.
type words struct {
	found, again, gone, skipped, next string
	keys                              map[string]string
}

var languages = map[string]words{
	"en": {
		found:   "%d customers compared, %d comparisons: %d pairs may be one customer (score %.2f and up), %d of them new",
		again:   "%d dismissed pairs are proposed again, since more speaks for them now; %d stay dismissed",
		gone:    "%d pairs are no longer proposed",
		skipped: "%d groups with the same %s were too large to compare (up to %d customers): their members were compared only where something else agrees",
		next:    "to see them: kehu duplicates list",
		keys: map[string]string{
			"name": "name", "name_city": "name and city", "name_year": "name and birth year", "phone": "phone", "email": "e-mail",
			"address": "address", "birth_date": "birth date", "account": "account",
		},
	},
	"zh": {
		found:   "共比较 %d 位客户,%d 次比对:%d 对可能为同一客户(得分不低于 %.2f),其中新增 %d 对",
		again:   "%d 对曾被驳回,因证据增加再次提出;%d 对仍为驳回",
		gone:    "%d 对不再成立,已撤回",
		skipped: "%d 组“%s”相同的客户过多,未逐一比对(最大 %d 位);组内客户仅在另有相同之处时比对",
		next:    "查看:kehu duplicates list",
		keys: map[string]string{
			"name": "姓名", "name_city": "姓名与城市", "name_year": "姓名与出生年", "phone": "电话", "email": "邮箱",
			"address": "地址", "birth_date": "出生日期", "account": "账号",
		},
	},
}

// WriteFound says what a search came to.
func WriteFound(p *layout.Page, lang string, f *profilev1.FindDuplicateCandidatesResponse) {
	w := languages[lang]
	p.Item(fmt.Sprintf(w.found, f.GetPopulationSize(), f.GetComparisons(), f.GetOpenCandidates(), f.GetMinScore(), f.GetNewCandidates()))
	if f.GetReopenedCandidates()+f.GetDismissedCandidates() > 0 {
		p.Item(fmt.Sprintf(w.again, f.GetReopenedCandidates(), f.GetDismissedCandidates()))
	}
	if f.GetRemovedCandidates() > 0 {
		p.Item(fmt.Sprintf(w.gone, f.GetRemovedCandidates()))
	}
	for _, s := range f.GetSkippedBlocks() {
		p.Item(fmt.Sprintf(w.skipped, s.GetBlocks(), w.keys[s.GetKey()], s.GetLargest()))
	}
	if f.GetOpenCandidates() > 0 {
		p.Item(w.next)
	}
}
