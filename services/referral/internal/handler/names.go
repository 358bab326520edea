// Package handler answers the referral service's RPCs: proto to domain and back.
package handler

import (
	"strings"

	"go.einride.tech/aip/resourcename"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Patterns of the resource names.
const (
	programPattern  = "programs/{program}"
	codePattern     = "programs/{program}/codes/{code}"
	referralPattern = "programs/{program}/referrals/{referral}"
	transferPattern = "transfers/{transfer}"
	accountPattern  = "accounts/{account}"
)

func programID(field, name string) (id string, err error) {
	if f := parseName(field, name, programPattern, &id); f != nil {
		return "", f
	}
	return id, asError(domain.CheckProgramID(field, id))
}

// codeID is the programme and the code, in its proper form, of a code's name.
func codeID(field, name string) (program, code string, err error) {
	if f := parseName(field, name, codePattern, &program, &code); f != nil {
		return "", "", f
	}
	if f := domain.CheckProgramID(field, program); f != nil {
		return "", "", f
	}
	code, err = domain.ParseCode(field, code)
	return program, code, err
}

func referralID(field, name string) (program, id string, err error) {
	if f := parseName(field, name, referralPattern, &program, &id); f != nil {
		return "", "", f
	}
	return program, id, fault.Merge(domain.CheckProgramID(field, program), domain.CheckReferralID(field, id))
}

func transferID(field, name string) (id string, err error) {
	if f := parseName(field, name, transferPattern, &id); f != nil {
		return "", f
	}
	return id, asError(domain.CheckTransferID(field, id))
}

func accountID(field, name string) (domain.AccountID, error) {
	var id string
	if f := parseName(field, name, accountPattern, &id); f != nil {
		return "", f
	}
	return domain.AccountID(id), asError(domain.CheckAccount(field, id))
}

func parseName(field, name, pattern string, ids ...*string) *fault.Fault {
	collection, _, _ := strings.Cut(pattern, "/")
	// The scanner would take "/programs/x" and full names too.
	if !strings.HasPrefix(name, collection+"/") || resourcename.Sscan(name, pattern, ids...) != nil {
		return fault.Invalid(field, "must have the form %s", pattern)
	}
	return nil
}

func asError(f *fault.Fault) error {
	if f == nil {
		return nil
	}
	return f
}
