package store

import (
	"encoding/binary"
	"errors"
	"iter"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// An account in a chunk is a row of varints, the id and the currency codes among
// them as bytes: 35 to 70 bytes for most customers. What is marked with + came
// with the layout Dated; chunks that older versions wrote are without.
//
//	len(id) id days first last-first recency +age-recency +gaps n (code orders revenue known-orders known-revenue known-cost +repeat-days +repeat-revenue)×n

// AppendAccount adds an account to a chunk.
func AppendAccount(b []byte, a *domain.Account) []byte {
	b = binary.AppendUvarint(b, uint64(len(a.Customer)))
	b = append(b, a.Customer...)
	b = binary.AppendVarint(b, a.Days)
	b = binary.AppendVarint(b, a.FirstMS)
	b = binary.AppendVarint(b, a.LastMS-a.FirstMS)
	b = binary.AppendVarint(b, a.RecencyDays)
	b = binary.AppendVarint(b, a.AgeDays-a.RecencyDays)
	b = binary.AppendVarint(b, a.GapHalves)
	b = binary.AppendUvarint(b, uint64(len(a.Purses)))
	for i := range a.Purses {
		p := &a.Purses[i]
		b = append(b, p.Currency[:3]...)
		b = binary.AppendVarint(b, p.Orders)
		b = binary.AppendVarint(b, p.Revenue)
		b = binary.AppendVarint(b, p.KnownOrders)
		b = binary.AppendVarint(b, p.KnownRevenue)
		b = binary.AppendVarint(b, p.KnownCost)
		b = binary.AppendVarint(b, p.RepeatDays)
		b = binary.AppendVarint(b, p.RepeatRevenue)
	}
	return b
}

var errSpool = errors.New("stored document: the accounts of a chunk cannot be read")

// Each yields the accounts of the chunk, each valid until the iteration moves on.
func (c Chunk) Each() iter.Seq2[*domain.Account, error] {
	return func(yield func(*domain.Account, error) bool) {
		var a domain.Account
		r := reader{rest: c.Accounts, codes: make(map[string]string), dated: c.Layout >= Dated}
		for range c.Count {
			r.account(&a)
			if r.failed {
				yield(nil, errSpool)
				return
			}
			if !yield(&a, nil) {
				return
			}
		}
		if len(r.rest) > 0 {
			yield(nil, errSpool)
		}
	}
}

// reader takes accounts from the front of rest.
type reader struct {
	rest   []byte
	codes  map[string]string // currency codes met, so that each is allocated once
	dated  bool              // the accounts are of the layout Dated
	failed bool
}

func (r *reader) account(a *domain.Account) {
	*a = domain.Account{Customer: string(r.bytes(r.count())), Purses: a.Purses[:0]}
	a.Days = r.int()
	a.FirstMS = r.int()
	a.LastMS = a.FirstMS + r.int()
	a.RecencyDays = r.int()
	if r.dated {
		a.AgeDays = a.RecencyDays + r.int()
		a.GapHalves = r.int()
	}
	for range r.count() {
		p := domain.Purse{Currency: r.code()}
		p.Orders, p.Revenue = r.int(), r.int()
		p.KnownOrders, p.KnownRevenue, p.KnownCost = r.int(), r.int(), r.int()
		if r.dated {
			p.RepeatDays, p.RepeatRevenue = r.int(), r.int()
		}
		if r.failed {
			return
		}
		a.Purses = append(a.Purses, p)
	}
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	return v * int64(r.skip(n))
}

// count is a number of things that follow, which cannot be more than the bytes left.
func (r *reader) count() int {
	v, n := binary.Uvarint(r.rest)
	if r.skip(n) == 0 || v > uint64(len(r.rest)) {
		r.failed = true
		return 0
	}
	return int(v)
}

// skip steps over what a varint of n bytes took: 1, or 0 where it was none.
func (r *reader) skip(n int) int {
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.rest = r.rest[n:]
	return 1
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.failed = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) code() string {
	b := r.bytes(3)
	if code, met := r.codes[string(b)]; met {
		return code
	}
	code := string(b)
	r.codes[code] = code
	return code
}
