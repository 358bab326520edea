package strategies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// ContactRules are when, and on which ground, customers may be reached. The quiet
// hours are minutes of the day in the zone; equal ends are none.
type ContactRules struct {
	Purpose    string `bson:"purpose,omitempty"` // its id
	QuietStart string `bson:"quiet_start,omitempty"`
	QuietEnd   string `bson:"quiet_end,omitempty"`
	Zone       string `bson:"zone,omitempty"`
}

var purposePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

func (r *ContactRules) check(field string) (wrong []*fault.Fault) {
	if r.Purpose != "" && !purposePattern.MatchString(r.Purpose) {
		wrong = append(wrong, fault.Invalid(field+".purpose", "must have the form purposes/{purpose}"))
	}
	_, startErr := minutes(r.QuietStart)
	_, endErr := minutes(r.QuietEnd)
	switch {
	case startErr != nil:
		wrong = append(wrong, fault.Invalid(field+".quiet_start", `must be a time of day, e.g. "22:00"`))
	case endErr != nil:
		wrong = append(wrong, fault.Invalid(field+".quiet_end", `must be a time of day, e.g. "08:00"`))
	case (r.QuietStart == "") != (r.QuietEnd == ""):
		wrong = append(wrong, fault.Invalid(field+".quiet_end", "must be set if, and only if, quiet_start is"))
	case r.QuietStart != "" && r.QuietStart == r.QuietEnd:
		wrong = append(wrong, fault.Invalid(field+".quiet_end", "must differ from quiet_start: quiet all day is a cap of 0"))
	}
	return append(wrong, checkZone(field+".time_zone", r.Zone))
}

// minutes is a time of day as minutes from midnight.
func minutes(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err
}

func checkZone(field, zone string) *fault.Fault {
	if _, err := loadZone(zone); err != nil {
		return fault.Invalid(field, "must be an IANA time zone, e.g. Asia/Shanghai, is %q", zone)
	}
	return nil
}

// loadZone loads a zone by its name. "Local" would be the server's, whatever that is.
func loadZone(name string) (*time.Location, error) {
	if strings.EqualFold(name, "local") {
		return nil, fmt.Errorf("%q is no zone", name)
	}
	return time.LoadLocation(name)
}

// zoned is an instant in a zone that was checked when it was written.
func zoned(t time.Time, zone string) time.Time {
	location, err := loadZone(zone)
	if err != nil {
		location = time.UTC // the zone was taken out of the database since
	}
	return t.In(location)
}

// Next is the first instant from t on that is in no quiet hours, to the quarter of an
// hour on days on which clocks change within them.
func (r *ContactRules) Next(t time.Time) time.Time {
	if r == nil || r.QuietStart == "" {
		return t
	}
	quiet, tomorrow := r.quiet(t)
	if !quiet {
		return t
	}
	end, _ := minutes(r.QuietEnd)
	local := zoned(t, r.Zone)
	if tomorrow {
		local = local.AddDate(0, 0, 1)
	}
	next := time.Date(local.Year(), local.Month(), local.Day(), 0, end, 0, 0, local.Location()).UTC()
	if next.Before(t) { // the end of the hour that comes twice
		next = t
	}
	for range 24 { // clocks change by some hours at most
		if quiet, _ = r.quiet(next); !quiet {
			break
		}
		next = next.Add(15 * time.Minute)
	}
	return next
}

// quiet tells whether an instant is in the quiet hours, and whether they end on the
// next day.
func (r *ContactRules) quiet(t time.Time) (is, tomorrow bool) {
	start, _ := minutes(r.QuietStart)
	end, _ := minutes(r.QuietEnd)
	local := zoned(t, r.Zone)
	minute := local.Hour()*60 + local.Minute()
	if start < end {
		return start <= minute && minute < end, false
	}
	return minute >= start || minute < end, minute >= start
}

// Window is a window of the calendar; the numbers are those of the API.
type Window uint8

// The windows.
const (
	Day Window = iota + 1
	Week
	Month
)

// Cap is the most contacts within a window.
type Cap struct {
	Max    int32  `bson:"max"`
	Window Window `bson:"window"`
	Zone   string `bson:"zone,omitempty"`
}

// longestWindow is no shorter than any window.
const longestWindow = 32 * 24 * time.Hour

func checkCaps(field string, caps []Cap) (wrong []*fault.Fault) {
	for i, c := range caps {
		path := fmt.Sprintf("%s[%d]", field, i)
		if c.Max < 0 || c.Max > 1000 {
			wrong = append(wrong, fault.Invalid(path+".max", "must be from 0 to 1,000, is %d", c.Max))
		}
		if c.Window < Day || c.Window > Month {
			wrong = append(wrong, fault.Invalid(path+".window", "must be one of those the API defines"))
		}
		wrong = append(wrong, checkZone(path+".time_zone", c.Zone))
		if slices.ContainsFunc(caps[:i], func(o Cap) bool { return o.Window == c.Window && o.Zone == c.Zone }) {
			wrong = append(wrong, fault.Invalid(path+".window", "must be there once for a zone"))
		}
	}
	return wrong
}

// Since is the begin of the window that an instant is in.
func (c Cap) Since(t time.Time) time.Time {
	local := zoned(t, c.Zone)
	year, month, day := local.Date()
	switch c.Window {
	case Week:
		day -= (int(local.Weekday()) + 6) % 7
	case Month:
		day = 1
	}
	return time.Date(year, month, day, 0, 0, 0, 0, local.Location())
}

// String is e.g. "2 per WEEK (Asia/Shanghai)".
func (c Cap) String() string {
	zone := c.Zone
	if zone == "" {
		zone = "UTC"
	}
	return fmt.Sprintf("%d per %s (%s)", c.Max, [...]string{"?", "day", "week", "month"}[min(c.Window, Month)], zone)
}
