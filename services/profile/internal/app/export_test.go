package app

import "context"

// InRounds is inRounds.
var InRounds = inRounds

// Know makes a believe in a customer for a while.
func (a *App) Know(ctx context.Context, id string) error {
	only := func(yield func(string) bool) { yield(id) }
	unknown, forgotten := a.known.missing(only)
	if err := a.ensure(ctx, unknown, system); err != nil {
		return err
	}
	a.known.learn(unknown, forgotten)
	return nil
}
