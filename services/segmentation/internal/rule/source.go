package rule

import (
	"slices"
	"strings"
	"unicode"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"
)

// source gives the parts of an expression as they were written.
type source struct {
	env    *cel.Env
	runes  []rune
	tokens []span
}

// span is a token: the characters from start up to, but not including, end.
type span struct{ start, end int }

func newSource(env *cel.Env, expression string) *source {
	s := &source{env: env, runes: []rune(expression)}
	for at := 0; at < len(s.runes); {
		switch {
		case unicode.IsSpace(s.runes[at]):
			at++
		case s.has(at, "//"):
			at = s.until(at, "\n")
		default:
			end := s.tokenEnd(at)
			s.tokens = append(s.tokens, span{at, end})
			at = end
		}
	}
	return s
}

func (s *source) has(at int, prefix string) bool {
	return at+len(prefix) <= len(s.runes) && string(s.runes[at:at+len(prefix)]) == prefix
}

// until is the place behind the next occurrence of an ASCII text, or the end.
func (s *source) until(at int, text string) int {
	for ; at < len(s.runes); at++ {
		if s.has(at, text) {
			return at + len(text)
		}
	}
	return len(s.runes)
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// tokenEnd is where the token ends that begins at a place.
func (s *source) tokenEnd(at int) int {
	end := at
	for end < len(s.runes) && isWord(s.runes[end]) {
		end++
	}
	if end < len(s.runes) && (s.runes[end] == '"' || s.runes[end] == '\'') {
		switch strings.ToLower(string(s.runes[at:end])) {
		case "":
			return s.quoted(end, false)
		case "b":
			return s.quoted(end, false)
		case "r", "rb", "br":
			return s.quoted(end, true)
		}
	}
	if end > at {
		return end
	}
	for _, operator := range []string{"&&", "||", "==", "!=", "<=", ">="} {
		if s.has(at, operator) {
			return at + 2
		}
	}
	return at + 1
}

// quoted is where a text ends whose first quotation mark is at a place.
func (s *source) quoted(at int, raw bool) int {
	mark := string(s.runes[at])
	if s.has(at, strings.Repeat(mark, 3)) {
		mark = strings.Repeat(mark, 3)
	}
	for at += len(mark); at < len(s.runes); at++ {
		switch {
		case s.runes[at] == '\\' && !raw:
			at++
		case s.has(at, mark):
			return at + len(mark)
		}
	}
	return len(s.runes)
}

// whole is the text of a part that joins others. Unlike that of text it is not read
// again to be sure, which for parts within one another would take long.
func (s *source) whole(checked *ast.AST, e ast.Expr) string {
	if first, last, ok := s.extent(checked, e); ok {
		return string(s.runes[s.tokens[first].start:s.tokens[last].end])
	}
	return string(s.runes)
}

// text is a part of the expression as it was written, and where that cannot be told
// as CEL would write it.
func (s *source) text(checked *ast.AST, e ast.Expr) string {
	canonical, err := parser.Unparse(e, checked.SourceInfo())
	if err != nil {
		return string(s.runes)
	}
	first, last, ok := s.extent(checked, e)
	if !ok {
		return canonical
	}
	written := string(s.runes[s.tokens[first].start:s.tokens[last].end])
	parsed, issues := s.env.Parse(written)
	if issues.Err() != nil {
		return canonical
	}
	again, err := parser.Unparse(parsed.NativeRep().Expr(), parsed.NativeRep().SourceInfo())
	if err != nil || again != canonical {
		return canonical
	}
	return written
}

// extent finds the first and the last token of a part: CEL tells only one place of
// each operand and operator.
func (s *source) extent(checked *ast.AST, e ast.Expr) (first, last int, ok bool) {
	first, last = len(s.tokens), -1
	info := checked.SourceInfo()
	see := ast.NewExprVisitor(func(e ast.Expr) {
		at, known := info.GetOffsetRange(e.ID())
		if !known {
			return
		}
		if i, found := s.tokenAt(int(at.Start)); found {
			first, last = min(first, i), max(last, i)
		}
	})
	ast.PreOrderVisit(e, see)
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if call, isMacro := info.GetMacroCall(e.ID()); isMacro {
			ast.PreOrderVisit(call, see)
		}
	}))
	if last < 0 {
		return 0, 0, false
	}
	if s.is(last, ".") && last+1 < len(s.tokens) {
		last++
	}
	first = s.named(first)
	return s.balanced(first, last)
}

func (s *source) tokenAt(place int) (int, bool) {
	i, _ := slices.BinarySearchFunc(s.tokens, place, func(t span, at int) int {
		if t.end <= at {
			return -1
		}
		return 1
	})
	return i, i < len(s.tokens) && s.tokens[i].start <= place
}

func (s *source) is(i int, token string) bool {
	return i >= 0 && i < len(s.tokens) && string(s.runes[s.tokens[i].start:s.tokens[i].end]) == token
}

// named takes in the name before a dot or a call's parenthesis.
func (s *source) named(first int) int {
	if s.is(first, "(") && first > 0 && isWord(s.runes[s.tokens[first-1].start]) && !s.is(first-1, "in") {
		first--
	}
	for first > 0 && (s.is(first, ".") || s.is(first-1, ".")) {
		first--
	}
	return first
}

// balanced takes in the brackets that are open, on either side.
func (s *source) balanced(first, last int) (int, int, bool) {
	open := 0
	for i := first; i <= last; i++ {
		switch {
		case s.opens(i):
			open++
		case s.closes(i):
			open--
		}
		for open < 0 {
			if first--; first < 0 {
				return 0, 0, false
			}
			if s.opens(first) {
				open++
			} else if s.closes(first) {
				open--
			}
		}
	}
	for ; open > 0; last++ {
		if last+1 >= len(s.tokens) {
			return 0, 0, false
		}
		if s.opens(last + 1) {
			open++
		} else if s.closes(last + 1) {
			open--
		}
	}
	return first, last, true
}

func (s *source) opens(i int) bool  { return s.is(i, "(") || s.is(i, "[") || s.is(i, "{") }
func (s *source) closes(i int) bool { return s.is(i, ")") || s.is(i, "]") || s.is(i, "}") }
