package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/oklog/ulid/v2"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// Program returns a programme, or the fault PROGRAM_NOT_FOUND.
func (a *Programs) Program(ctx context.Context, id string) (*domain.Program, error) {
	return a.store.Programs.Get(ctx, store.Key(id))
}

// Programs lists programmes in the order of their ids.
func (a *Programs) Programs(ctx context.Context, after *docstore.Position, size int) ([]*domain.Program, *docstore.Position, error) {
	return a.store.Programs.Page(ctx, docstore.Range{After: after, Limit: size})
}

// CreateProgram writes a draft. PROGRAM_EXISTS where the id is taken by another
// request than this one.
func (a *Programs) CreateProgram(ctx context.Context, p *domain.Program, validateOnly bool) (*domain.Program, error) {
	if err := p.Normalize(); err != nil {
		return nil, err
	}
	p.State, p.CreateTime = domain.Draft, a.now()
	p.Secret = make([]byte, 32)
	if _, err := io.ReadFull(a.random, p.Secret); err != nil {
		return nil, err
	}
	if validateOnly {
		existing, err := a.repeatedProgram(ctx, p)
		if fault.KindOf(err) == fault.NotFound {
			return p, nil
		}
		return existing, err
	}
	created, err := a.store.Programs.Insert(ctx, p)
	if errors.Is(err, docstore.ErrConflict) {
		return a.repeatedProgram(ctx, p)
	}
	return created, err
}

func (a *Programs) repeatedProgram(ctx context.Context, p *domain.Program) (*domain.Program, error) {
	existing, err := a.Program(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	repeats, err := p.Request.Repeats(existing.Request)
	if err == nil && !repeats {
		f := fault.Invalid("program_id", "is taken; choose another")
		f.Kind, f.Reason = fault.AlreadyExists, "PROGRAM_EXISTS"
		err = f
	}
	if err != nil {
		return nil, err
	}
	return existing, nil
}

// UpdateProgram takes the named fields from a programme.
func (a *Programs) UpdateProgram(ctx context.Context, from *domain.Program, fields []string, tag string, validateOnly bool) (*domain.Program, error) {
	var would *domain.Program
	updated, err := a.store.Programs.Update(ctx, store.Key(from.ID), func(p *domain.Program) error {
		if err := etag.Check(tag, p.Version); err != nil {
			return err
		}
		changed, err := p.Change(from, fields)
		would = p
		return unlessUnchanged(changed && !validateOnly, err)
	})
	if err == nil && validateOnly {
		return would, nil
	}
	return updated, err
}

// StepProgram brings a programme into another state; where it is in that state
// already, it changes nothing.
func (a *Programs) StepProgram(ctx context.Context, id string, to domain.ProgramState, tag string) (*domain.Program, error) {
	return a.store.Programs.Update(ctx, store.Key(id), func(p *domain.Program) error {
		if err := etag.Check(tag, p.Version); err != nil {
			return err
		}
		return unlessUnchanged(p.Step(to))
	})
}

// DeleteProgram deletes a draft, or returns the fault PROGRAM_NOT_DRAFT.
func (a *Programs) DeleteProgram(ctx context.Context, id, tag string) error {
	for {
		p, err := a.Program(ctx, id)
		if err != nil {
			return err
		}
		if err := etag.Check(tag, p.Version); err != nil {
			return err
		}
		if p.State != domain.Draft {
			return fault.New(fault.FailedPrecondition, "PROGRAM_NOT_DRAFT",
				"programme %q is %s; only a draft can be deleted, others are closed", id, p.State)
		}
		err = a.store.Programs.Delete(ctx, store.Key(id), p.Version)
		if !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
}

func unlessUnchanged(changed bool, err error) error {
	if err == nil && !changed {
		return docstore.ErrUnchanged
	}
	return err
}

// draw returns the source of what is drawn for a request: the same again for
// the same request of a programme, and unpredictable without its secret. A
// request without an id draws anew each time.
func (a *Programs) draw(p *domain.Program, method string, request domain.RequestKey) io.Reader {
	if request.ID == "" {
		return a.random
	}
	mac := hmac.New(sha256.New, p.Secret)
	mac.Write([]byte(method + "\x00" + request.ID))
	return &stream{key: mac.Sum(nil)}
}

// stream is HMAC-SHA-256 of a counter.
type stream struct {
	key     []byte
	counter byte
	rest    []byte
}

// Read never fails.
func (s *stream) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		mac := hmac.New(sha256.New, s.key)
		mac.Write([]byte{s.counter})
		s.counter++
		s.rest = mac.Sum(nil)
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// newReferralID draws a ULID: by time where it is drawn anew, and otherwise
// like one.
func (a *Programs) newReferralID(p *domain.Program, request domain.RequestKey) (string, error) {
	var id ulid.ULID
	if _, err := io.ReadFull(a.draw(p, "CreateReferral", request), id[:]); err != nil {
		return "", err
	}
	if request.ID == "" {
		if err := id.SetTime(ulid.Timestamp(a.now())); err != nil {
			return "", err
		}
	}
	return id.String(), nil
}
