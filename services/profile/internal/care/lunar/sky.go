package lunar

import "math"

// Days are counted from 1 January 1970 in China Standard Time, UTC+8, which the
// calendar has gone by since 1929.

const (
	epoch2000   = 2451545.0    // Julian day of noon, 1 January 2000
	unixEpoch   = 2440587.5    // Julian day of 1 January 1970, 0 h UTC
	zone        = 8.0 / 24     // UTC+8 in days
	meanMonth   = 29.530588861 // days from new moon to new moon
	meanNewMoon = 2451550.09766
)

func sin(degrees float64) float64 { return math.Sin(degrees * math.Pi / 180) }

// behind is by how many days the clock of the sky, TT, is ahead of UTC: a
// parabola through the years 1972 to 2050 (42 s to 93 s), good to some ten
// seconds in between.
func behind(julianDay float64) float64 {
	t := (julianDay - epoch2000) / 365.25
	return (62.92 + 0.32217*t + 0.005589*t*t) / 86400
}

// newMoon is the Julian day (TT) of the k-th new moon since that of 6 January
// 2000. Meeus, Astronomical Algorithms, 2nd edition, chapter 49; good to some
// seconds between 1900 and 2100.
func newMoon(k float64) float64 {
	t := k / 1236.85
	e := 1 - 0.002516*t - 0.0000074*t*t
	sun := 2.5534 + 29.10535670*k - 0.0000014*t*t
	moon := 201.5643 + 385.81693528*k + 0.0107582*t*t
	node := 160.7108 + 390.67050284*k - 0.0016118*t*t
	omega := 124.7746 - 1.56375588*k + 0.0020672*t*t
	day := meanNewMoon + meanMonth*k + 0.00015437*t*t
	for _, p := range moonTerms {
		day += p.size * math.Pow(e, math.Abs(p.sun)) * sin(p.sun*sun+p.moon*moon+p.node*node)
	}
	day += -0.00017 * sin(omega)
	for i, p := range planetTerms {
		square := 0.0
		if i == 0 {
			square = -0.009173 * t * t
		}
		day += p.size * sin(p.at+p.speed*k+square)
	}
	return day
}

// moonTerms are the periodic terms of a new moon in days: multiples of the
// anomalies of sun and moon, and of the moon's argument of latitude.
var moonTerms = []struct{ size, sun, moon, node float64 }{
	{-0.40720, 0, 1, 0}, {0.17241, 1, 0, 0}, {0.01608, 0, 2, 0}, {0.01039, 0, 0, 2}, {0.00739, -1, 1, 0},
	{-0.00514, 1, 1, 0}, {0.00208, 2, 0, 0}, {-0.00111, 0, 1, -2}, {-0.00057, 0, 1, 2}, {0.00056, 1, 2, 0},
	{-0.00042, 0, 3, 0}, {0.00042, 1, 0, 2}, {0.00038, 1, 0, -2}, {-0.00024, -1, 2, 0}, {-0.00007, 2, 1, 0},
	{0.00004, 0, 2, -2}, {0.00004, 3, 0, 0}, {0.00003, 1, 1, -2}, {0.00003, 0, 2, 2}, {-0.00003, 1, 1, 2},
	{0.00003, -1, 1, 2}, {-0.00002, -1, 1, -2}, {-0.00002, 1, 3, 0}, {0.00002, 0, 4, 0},
}

// planetTerms are what the planets add.
var planetTerms = []struct{ size, at, speed float64 }{
	{0.000325, 299.77, 0.107408}, {0.000165, 251.88, 0.016321}, {0.000164, 251.83, 26.651886}, {0.000126, 349.42, 36.412478},
	{0.000110, 84.66, 18.206239}, {0.000062, 141.74, 53.303771}, {0.000060, 207.14, 2.453732}, {0.000056, 154.84, 7.306860},
	{0.000047, 34.52, 27.261239}, {0.000042, 207.19, 0.121824}, {0.000040, 291.34, 1.844379}, {0.000037, 161.72, 24.198154},
	{0.000035, 239.56, 25.513099}, {0.000023, 331.55, 3.592518},
}

// newMoonDay is the day on which the k-th new moon falls.
func newMoonDay(k int) int {
	jd := newMoon(float64(k))
	return int(math.Floor(jd - behind(jd) + zone - unixEpoch))
}

// sunAt is the apparent longitude of the sun, in degrees from 0 to 360, at the
// beginning of a day.
func sunAt(day int) float64 {
	jd := float64(day) + unixEpoch - zone
	return longitude((jd + behind(jd) - epoch2000) / 36525)
}
