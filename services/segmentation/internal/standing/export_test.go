package standing

// Small makes parts of so few customers, and blocks of so few entries, that a small
// base has many.
func (w *Worker) Small(part int64, block int) { w.partCustomers, w.rosters.size = part, block }
