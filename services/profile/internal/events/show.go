package events

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// Protos are events as the API shows them: what is sensitive only with consent.
// Those that were read without their contents are shown without.
func (s *Store) Protos(ctx context.Context, all []*Event) ([]*profilev1.Event, error) {
	contents, err := Contents(ctx, all)
	if err != nil {
		return nil, err
	}
	if _, err := s.withhold(ctx, all, contents); err != nil {
		return nil, err
	}
	shown := make([]*profilev1.Event, len(all))
	for i, e := range all {
		if shown[i], err = eventProto(e, contents[i]); err != nil {
			return nil, err
		}
	}
	return shown, nil
}
