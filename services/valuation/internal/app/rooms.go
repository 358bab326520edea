package app

import (
	"context"
	"errors"
	"time"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
)

// Room is a subject of its own that keeps records of persons.
type Room interface {
	// Sections are the kinds of its records.
	Sections() []personaldata.Section
	// ReadPerson sends what it keeps of some customers.
	ReadPerson(ctx context.Context, customers []string, send func(*apiv1.PersonalDataPart) error) error
	// ErasePerson removes what it keeps of some customers, each section by a call of
	// remove with how many records of it were found. Where something is under way
	// that may write of them, the fault is ERASURE_HELD_UP.
	ErasePerson(ctx context.Context, customers []string, remove func(section string, found int, remove func(context.Context) error) error) error
	// Sweep removes what was superseded before a time, and what operations that are
	// over have left.
	Sweep(ctx context.Context, before time.Time, over func(context.Context, string) (bool, error)) error
}

// sweepRooms sweeps all rooms.
func (s *Sweeper) sweepRooms(ctx context.Context) error {
	var errs []error
	for _, room := range s.Rooms {
		errs = append(errs, room.Sweep(ctx, s.Clock().Add(-s.Keep), s.Over))
	}
	return errors.Join(errs...)
}

// eraseRooms removes what all rooms keep of some customers. A room that is held up
// keeps no other from removing.
func (p *Persons) eraseRooms(ctx context.Context, customers []string, pseudonym string) error {
	var held []error
	for _, room := range p.Sweeper.Rooms {
		held = append(held, room.ErasePerson(ctx, customers, func(section string, found int, remove func(context.Context) error) error {
			return p.Store.Erasures.Remove(ctx, pseudonym, section, found, remove)
		}))
	}
	return errors.Join(held...)
}

// AllSections are those of the service's own records and of its rooms'.
func (p *Persons) AllSections() []personaldata.Section {
	all := append([]personaldata.Section(nil), Sections...)
	for _, room := range p.Sweeper.Rooms {
		all = append(all, room.Sections()...)
	}
	return all
}

// ReadRooms sends what all rooms keep of some customers.
func (p *Persons) ReadRooms(ctx context.Context, customers []string, send func(*apiv1.PersonalDataPart) error) error {
	for _, room := range p.Sweeper.Rooms {
		if err := room.ReadPerson(ctx, customers, send); err != nil {
			return err
		}
	}
	return nil
}
