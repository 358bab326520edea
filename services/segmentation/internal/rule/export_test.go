package rule

// NewPlainCompiler makes a compiler that leaves every condition but those with now
// to CEL.
func NewPlainCompiler(attributes []Attribute) (*Compiler, error) {
	c, err := NewCompiler(attributes)
	if err == nil {
		c.plain = true
	}
	return c, err
}
