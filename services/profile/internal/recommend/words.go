package recommend

import (
	"fmt"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// text says a reason in words, to the customer.
func (s *Suggestion) text() *profilev1.Bilingual {
	r := &s.Reason
	say := func(zh, en string, args ...any) *profilev1.Bilingual {
		return &profilev1.Bilingual{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}
	}
	switch r.Kind {
	case BoughtTogether:
		return say("因为您买过 %[1]s：买过它的 %[3]d 位顾客中，有 %[2]d 位也买了 %[4]s",
			"because you bought %[1]s: %[2]d of the %[3]d customers who bought it also bought %[4]s", r.Because, r.Count, r.Of, s.SKU)
	case ViewedTogether:
		return say("因为您看过 %[1]s：看过它的 %[3]d 位顾客中，有 %[2]d 位买了 %[4]s",
			"because you looked at %[1]s: %[2]d of the %[3]d customers who looked at it bought %[4]s", r.Because, r.Count, r.Of, s.SKU)
	case BoughtAgain:
		return say("您买过 %[1]s：买过它的 %[3]d 位顾客中，有 %[2]d 位又买过",
			"you have bought %[1]s before: %[2]d of the %[3]d customers who bought it bought it again", r.Because, r.Count, r.Of)
	default:
		return say("热销：%[2]d 位顾客中，有 %[1]d 位买了 %[3]s",
			"popular: %[1]d of %[2]d customers bought %[3]s", r.Count, r.Of, s.SKU)
	}
}

// text says a forecast in words, to the customer's account manager.
func (f *Forecast) text() *profilev1.Bilingual {
	percent := 100 * f.Share.Value
	return &profilev1.Bilingual{
		Zh: fmt.Sprintf("上次买了%s；买过它之后的下一个购买日，有 %.0f%% 买了%s", f.Because, percent, f.Category),
		En: fmt.Sprintf("last bought %s; on %.0f%% of the next days of purchase after it, %s was bought", f.Because, percent, f.Category),
	}
}
