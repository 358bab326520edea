package shop

import (
	"math/rand/v2"
	"strings"
)

// changedName is a name as another system or another clerk has it.
func changedName(r resident, kind string, rng *rand.Rand) string {
	if r.enterprise {
		return changedCompany(r, kind)
	}
	surname, given := r.pinyin[0], r.pinyin[1]
	switch kind {
	case "name_pinyin":
		if r.han == nil {
			return strings.ToUpper(r.name)
		}
		return []string{surname + " " + given, surname + given, strings.ToLower(surname + " " + given)}[rng.IntN(3)]
	case "name_swapped":
		if r.han == nil {
			return surname + ", " + given
		}
		return given + " " + surname
	case "name_typo":
		return typo(r, rng)
	case "name_title":
		if r.han == nil {
			return map[string]string{"female": "Ms ", "male": "Mr "}[r.gender] + r.name
		}
		return r.name + map[string]string{"female": "女士", "male": "先生"}[r.gender]
	case "name_initial":
		if r.han == nil {
			return given[:1] + ". " + surname
		}
		return surname + " " + given[:1]
	case "name_married":
		if r.gender == "female" && r.han == nil {
			return given + " " + choose(rng, englishSurnames)
		}
	case "name_spaced":
		if r.han != nil {
			return r.han[0].han + " " + strings.TrimPrefix(r.name, r.han[0].han)
		}
		return strings.ToLower(r.name)
	}
	if r.han == nil {
		return typo(r, rng)
	}
	return misspelt(Customer{Name: r.name, han: r.han})
}

// typo is a slip of the hand: in Latin letters two swapped or one lost, in
// Chinese another character of the common ones or one lost.
func typo(r resident, rng *rand.Rand) string {
	if r.han == nil {
		letters := []rune(r.name)
		at := 1 + rng.IntN(len(letters)-2)
		if rng.IntN(2) == 0 {
			letters[at], letters[at+1] = letters[at+1], letters[at]
			return string(letters)
		}
		return string(letters[:at]) + string(letters[at+1:])
	}
	last := len(r.han) - 1
	kept := strings.TrimSuffix(r.name, r.han[last].han)
	if last > 1 && rng.IntN(3) == 0 {
		return kept
	}
	return kept + choose(rng, femaleNames).han
}

func changedCompany(r resident, kind string) string {
	switch kind {
	case "name_pinyin", "name_initial", "name_title", "name_married":
		return strings.TrimPrefix(r.name, r.home.city) // without the place
	case "name_swapped", "name_spaced":
		return strings.TrimSuffix(r.name, "有限公司")
	}
	return strings.Replace(r.name, r.home.city, r.home.city+"市", 1)
}
