package lunar

import "math"

// longitude is the apparent longitude of the sun in degrees, 0 to 360, at t
// Julian centuries (TT) from noon of 1 January 2000. Meeus, Astronomical
// Algorithms, 2nd edition, chapter 25.
func longitude(t float64) float64 {
	mean := 280.46646 + 36000.76983*t + 0.0003032*t*t
	anomaly := 357.52911 + 35999.05029*t - 0.0001537*t*t
	centre := (1.914602-0.004817*t-0.000014*t*t)*sin(anomaly) + (0.019993-0.000101*t)*sin(2*anomaly) + 0.000289*sin(3*anomaly)
	omega := 125.04 - 1934.136*t
	return math.Mod(math.Mod(mean+centre-0.00569-0.00478*sin(omega), 360)+360, 360)
}
