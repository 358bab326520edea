package operation

import "time"

// Clock tells the time and waits. Leases of several processes are compared by
// their clocks: a skew shortens or lengthens a lease by as much, and the fencing
// token keeps the result right all the same.
type Clock interface {
	Now() time.Time
	// After sends once d has gone by.
	After(d time.Duration) <-chan time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
