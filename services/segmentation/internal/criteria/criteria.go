// Package criteria makes the definitions of segments ready to be asked, whatever their
// kind.
package criteria

import (
	"context"
	"reflect"
	"sync"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

// Attributes reads the definitions of the attributes of the company's own.
type Attributes func(context.Context) ([]facts.Attribute, error)

// Partitions makes ready whom a run of a scheme gave a label.
type Partitions func(ctx context.Context, p domain.Partition) (criterion.Criterion, error)

// Book makes criteria of definitions, and keeps those of rules. It is safe for
// concurrent use.
type Book struct {
	attributes Attributes
	partitions Partitions
	now        func() time.Time

	mu       sync.Mutex
	known    []facts.Attribute
	read     time.Time // when known was
	compiler *rule.Compiler
	rules    map[string]*rule.Rule
}

const (
	attributesLive = 30 * time.Second // for how long they are not read again
	attributesWait = 2 * time.Second  // how long profile may take, that knows them
	mostRules      = 2000             // kept
)

// New makes a Book.
func New(attributes Attributes, partitions Partitions, clock func() time.Time) (*Book, error) {
	compiler, err := rule.NewCompiler(nil)
	if err != nil {
		return nil, err
	}
	return &Book{attributes: attributes, partitions: partitions, now: clock, compiler: compiler, rules: map[string]*rule.Rule{}}, nil
}

// Of makes a definition ready. list is by what facts name the list of the segment.
// Faults are those of a definition that is wrong; they name its field.
func (b *Book) Of(ctx context.Context, list string, d domain.Definition) (criterion.Criterion, error) {
	if f := d.Check(); f != nil {
		return nil, f
	}
	switch {
	case d.RFM != nil:
		return criterion.OfRFM(*d.RFM), nil
	case d.List:
		return listed{criterion.OfList(list), list}, nil
	case d.Partition != nil:
		return b.partitions(ctx, *d.Partition)
	}
	return b.Compile(ctx, d.Rule)
}

// Compile makes a rule ready. A rule that asks for an attribute which is not known has
// the attributes read anew first.
func (b *Book) Compile(ctx context.Context, expression string) (criterion.Criterion, error) {
	b.refresh(ctx, attributesLive)
	r, err := b.compile(expression)
	if fault.ReasonOf(err) == "RULE_FACT_UNKNOWN" && b.refresh(ctx, 0) {
		r, err = b.compile(expression)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (b *Book) compile(expression string) (*rule.Rule, error) {
	b.mu.Lock()
	compiler, r := b.compiler, b.rules[expression]
	b.mu.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := compiler.Compile(expression)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if compiler == b.compiler {
		if len(b.rules) >= mostRules {
			clear(b.rules)
		}
		b.rules[expression] = r
	}
	return r, nil
}

// refresh reads the attributes if they are older than an age, and tells whether they
// are others than before. While profile cannot be reached those last known stay.
func (b *Book) refresh(ctx context.Context, age time.Duration) bool {
	now := b.now()
	b.mu.Lock()
	due := b.read.IsZero() || now.Sub(b.read) > age
	if due {
		b.read = now
	}
	b.mu.Unlock()
	if !due {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, attributesWait)
	defer cancel()
	found, err := b.attributes(ctx)
	if err != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if reflect.DeepEqual(found, b.known) {
		return false
	}
	compiler, err := rule.NewCompiler(found)
	if err != nil {
		return false
	}
	b.known, b.compiler, b.rules = found, compiler, map[string]*rule.Rule{}
	return true
}
