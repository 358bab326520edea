package shop

import (
	"math/rand/v2"
	"strings"
	"time"
)

// The ways in which a second record of a person differs from the first.
const (
	TwinPinyin = "twin_pinyin" // name in Latin letters, phone in another format
	TwinTypo   = "twin_typo"   // name misspelt by sound, e-mail in capitals, phone masked
	TwinSpaced = "twin_spaced" // a space within the name, phone in another format
	TwinMasked = "twin_masked" // same name and birth date, phone masked: nothing identifies him
)

// twin is the second record of c and the way in which it differs.
func (s *Shop) twin(c Customer) (Customer, string) {
	rng := s.rng(streamTwin, c.Index)
	rng.Float64() // the draw that decided that there is one
	kinds := [...]string{TwinPinyin, TwinTypo, TwinSpaced, TwinMasked}
	kind := kinds[rng.IntN(len(kinds))]
	t := c
	t.ID, t.TwinID, t.MemberID, t.ReferrerID = c.TwinID, "", "", ""
	t.Acquisition = choose(rng, acquisitions)
	switch {
	case kind == TwinTypo && c.Email != "":
		t.Name = misspelt(c)
		t.Email, t.Phone = strings.ToUpper(c.Email), masked(c.Phone)
	case kind == TwinPinyin && c.Phone != "" && c.han != nil:
		t.Name, t.Email, t.Phone = c.Pinyin, "", reformatted(c.Phone, rng)
	case kind == TwinSpaced && c.Phone != "" && c.han != nil:
		t.Name, t.Email, t.Phone = spaced(c), "", reformatted(c.Phone, rng)
	default:
		kind = TwinMasked
		t.Email, t.Phone = "", masked(c.Phone)
	}
	if kind != TwinMasked && rng.Float64() < 0.3 {
		t.BirthDate = time.Time{}
	}
	return t, kind
}

// misspelt replaces a character of the given name by one that sounds alike.
func misspelt(c Customer) string {
	if c.han == nil {
		return strings.ToLower(c.Name)
	}
	parts := make([]string, len(c.han))
	for i, w := range c.han {
		parts[i] = w.han
	}
	for i := 1; i < len(parts); i++ {
		if other, ok := homophones[parts[i]]; ok {
			parts[i] = other
			return strings.Join(parts, "")
		}
	}
	return parts[0] + " " + strings.Join(parts[1:], "")
}

// spaced puts a space after the surname.
func spaced(c Customer) string {
	return strings.Replace(c.Name, c.han[0].han, c.han[0].han+" ", 1)
}

// masked hides the middle of a +86 number as platforms do: 138****1234.
func masked(phone string) string {
	if phone == "" {
		return ""
	}
	national := phone[3:]
	return national[:3] + "****" + national[7:]
}

// reformatted writes a +86 number in one of the ways people do.
func reformatted(phone string, rng *rand.Rand) string {
	n := phone[3:]
	return [...]string{
		"+86 " + n[:3] + " " + n[3:7] + " " + n[7:],
		"86-" + n,
		n[:3] + "-" + n[3:7] + "-" + n[7:],
		"0086" + n,
	}[rng.IntN(4)]
}
