package stat

import "strconv"

// RFM is a customer's cell: the scores of recency, frequency and monetary value.
type RFM struct{ R, F, M uint8 }

// String is the three scores in a row, "555"; with scores of two digits they are
// set apart, "10-9-10".
func (c RFM) String() string {
	sep := ""
	if max(c.R, c.F, c.M) > 9 {
		sep = "-"
	}
	digits := func(s uint8) string { return strconv.Itoa(int(s)) }
	return digits(c.R) + sep + digits(c.F) + sep + digits(c.M)
}

// FM is the mean of the F and M scores rounded half up, for segment maps that
// take both together.
func (c RFM) FM() uint8 { return uint8((int(c.F) + int(c.M) + 1) / 2) }

// EnglishSegment is one of the eleven segments that English-language tools use.
type EnglishSegment uint8

// The eleven segments, best first.
const (
	Champions EnglishSegment = iota + 1
	Loyal
	PotentialLoyalists
	NewCustomers
	Promising
	NeedAttention
	AboutToSleep
	CannotLoseThem
	AtRisk
	Hibernating
	Lost
)

var englishNames = [...]string{
	Champions:          "Champions",
	Loyal:              "Loyal",
	PotentialLoyalists: "Potential Loyalists",
	NewCustomers:       "New Customers",
	Promising:          "Promising",
	NeedAttention:      "Need Attention",
	AboutToSleep:       "About To Sleep",
	CannotLoseThem:     "Cannot Lose Them",
	AtRisk:             "At Risk",
	Hibernating:        "Hibernating",
	Lost:               "Lost",
}

// String is the segment's English name, empty for a value that is none.
func (s EnglishSegment) String() string {
	if int(s) >= len(englishNames) {
		return ""
	}
	return englishNames[s]
}

// EnglishSegments lists the eleven segments, best first.
func EnglishSegments() []EnglishSegment {
	all := make([]EnglishSegment, 0, Lost)
	for s := Champions; s <= Lost; s++ {
		all = append(all, s)
	}
	return all
}

// englishMap is the widely published 5×5 grid of recency by frequency, with Lost
// set apart from Hibernating in the lowest cell. Rows are R = 1 … 5, columns F.
var englishMap = [5][5]EnglishSegment{
	{Lost, Hibernating, AtRisk, AtRisk, CannotLoseThem},
	{Hibernating, Hibernating, AtRisk, AtRisk, CannotLoseThem},
	{AboutToSleep, AboutToSleep, NeedAttention, Loyal, Loyal},
	{Promising, PotentialLoyalists, PotentialLoyalists, Loyal, Loyal},
	{NewCustomers, PotentialLoyalists, PotentialLoyalists, Champions, Champions},
}

// EnglishSegmentOf returns the segment of a recency score and a frequency score
// (or RFM.FM), each 1 to 5. Every one of the 25 cells has exactly one segment.
func EnglishSegmentOf(r, f uint8) (EnglishSegment, error) {
	if r < 1 || r > 5 {
		return 0, outside("r", "must be 1 to 5, got %d", r)
	}
	if f < 1 || f > 5 {
		return 0, outside("f", "must be 1 to 5, got %d", f)
	}
	return englishMap[r-1][f-1], nil
}
