package app

// WithBatch makes passes have a checkpoint after so many customers.
func (a *App) WithBatch(customers int64) *App {
	changed := *a
	changed.batch = customers
	return &changed
}
