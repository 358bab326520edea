package indicators

import (
	"context"
	"time"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
)

// The store is an app.Room that keeps sums of groups, and of no person anything.

// Sections are none.
func (s *Store) Sections() []personaldata.Section { return nil }

// ReadPerson sends nothing.
func (s *Store) ReadPerson(context.Context, []string, func(*apiv1.PersonalDataPart) error) error {
	return nil
}

// ErasePerson has nothing to remove.
func (s *Store) ErasePerson(context.Context, []string, func(string, int, func(context.Context) error) error) error {
	return nil
}

// Sweep forgets the snapshots that were removed long ago.
func (s *Store) Sweep(ctx context.Context, _ time.Time, _ func(context.Context, string) (bool, error)) error {
	_, err := s.docs.Sweep(ctx, s.now().Add(-docstore.TombstoneLife))
	return err
}
