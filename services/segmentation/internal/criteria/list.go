package criteria

import (
	"strings"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// listed is a list that explains itself by the id of its segment.
type listed struct {
	criterion.Criterion
	key string
}

// Explain says what the list says, with the segment's id in place of the list's name.
func (l listed) Explain(c *criterion.Case) criterion.Explanation {
	id, _, _ := strings.Cut(l.key, domain.ListMark)
	e := l.Criterion.Explain(c)
	e.Conditions.Text = strings.ReplaceAll(e.Conditions.Text, l.key, id)
	for i := range e.Conditions.Values {
		e.Conditions.Values[i].Fact = strings.ReplaceAll(e.Conditions.Values[i].Fact, l.key, id)
	}
	return e
}
