package domain

import "time"

// Referee is the claim of a customer for a referral: a programme brings each
// customer once. It is made before the referral records the sign-up, and
// confirmed after.
type Referee struct {
	Program    string
	Customer   string
	Referral   string
	SignUpTime time.Time
	Confirmed  bool
	Version    int64
}
