package standing

import "github.com/kehuhq/kehu/services/segmentation/internal/criterion"

// nobody is the criterion of a segment that is not kept up to date, for customers of
// whom nothing is known: they belong to none.
type nobody struct{}

func (nobody) Evaluate(*criterion.Case) (criterion.Verdict, error) { return criterion.Verdict{}, nil }
func (nobody) Reads() []string                                     { return nil }
func (nobody) Segments() []string                                  { return nil }
func (nobody) Explain(*criterion.Case) criterion.Explanation       { return criterion.Explanation{} }
