// Package criteria makes the definitions of segments ready to be asked, whatever their
// kind.
package criteria

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

// Book makes criteria of definitions. It is safe for concurrent use.
type Book struct {
	rules *rule.Compiler
}

// New makes a Book.
func New(rules *rule.Compiler) *Book { return &Book{rules} }

// Of makes the definition of a segment ready. Faults are those of a definition that is
// wrong; they name its field.
func (b *Book) Of(_ context.Context, _ string, d domain.Definition) (criterion.Criterion, error) {
	if f := d.Check(); f != nil {
		return nil, f
	}
	if d.Rule == "" {
		return plain{}, nil
	}
	_, err := b.rules.Compile(d.Rule)
	return plain{}, err
}

type plain struct{}

func (plain) Evaluate(*criterion.Case) (criterion.Verdict, error) {
	return criterion.Verdict{Until: time.Time{}}, nil
}
func (plain) Reads() []string                               { return nil }
func (plain) Segments() []string                            { return nil }
func (plain) Explain(*criterion.Case) criterion.Explanation { return criterion.Explanation{} }
