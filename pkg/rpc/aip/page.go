package aip

import (
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// Place is where the page asked for begins, nil for the first, and its size.
func Place(r page.Request) (*docstore.Position, int, error) {
	token, size, err := page.Of(r)
	if err != nil || token == (page.Token{}) {
		return nil, size, err
	}
	return &token.Position, size, nil
}

// NextToken is the token of the page behind this one, empty at the end.
func NextToken(next *docstore.Position, r page.Request) (string, error) {
	if next == nil {
		return "", nil
	}
	return page.Token{Position: *next}.Encode(r)
}
