package rule

import (
	"regexp"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
)

// Rule is a compiled expression. It is safe for concurrent use.
type Rule struct {
	compiler *Compiler
	root     *node
	reads    []string
	segments []string
	cost     uint64
}

var _ criterion.Criterion = (*Rule)(nil)

// Reads are the names of the facts that decide, in order.
func (r *Rule) Reads() []string { return slices.Clone(r.reads) }

// Segments are the ids of the segments that the rule asks about, in order.
func (r *Rule) Segments() []string { return slices.Clone(r.segments) }

// Cost is the most that an evaluation can take, in the unit of CEL's estimates, at
// most MaxCost: some 20 million units are done in a second.
func (r *Rule) Cost() uint64 { return r.cost }

// Evaluate tells whether the rule holds for a case, and until when. An error is one
// of the expression, such as a division by zero: a FailedPrecondition fault
// RULE_EVALUATION_FAILED; the verdict's Until then tells when to ask again. An error
// of Case.In is passed on as it is.
func (r *Rule) Evaluate(c *criterion.Case) (criterion.Verdict, error) {
	e := r.compiler.pool.Get().(*evaluation)
	e.set(c)
	holds, err := r.root.eval(e)
	verdict := criterion.Verdict{Belongs: holds && err == nil, Until: e.changes()}
	if e.broken != nil {
		err = e.broken
	} else if err != nil {
		err = failed(err)
	}
	e.set(&criterion.Case{})
	r.compiler.pool.Put(e)
	return verdict, err
}

func failed(err error) *fault.Fault {
	why := "cannot be evaluated: " + without(err)
	return &fault.Fault{
		Kind: fault.FailedPrecondition, Reason: "RULE_EVALUATION_FAILED",
		Message:    field + ": " + why,
		Violations: []fault.Violation{{Field: field, Description: why}},
	}
}

var (
	inQuotes = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	behind   = regexp.MustCompile(`(?s)(no such key|index out of bounds).*`)
)

// without is an error without the values that CEL repeats in some: they are facts of a
// customer, and whoever may see the failure of a segment need not be allowed to see them.
func without(err error) string {
	if _, own := fault.As(err); own {
		return err.Error()
	}
	return behind.ReplaceAllString(inQuotes.ReplaceAllString(err.Error(), `"…"`), "$1")
}
