package store

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/domain/domaintest"
)

func TestContentIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := domaintest.Details(t)
		content, err := encodeContent(&given)
		if err != nil {
			t.Fatal(err)
		}
		var got domain.Details
		if err := decodeContent(content, &got); err != nil || !got.SameContent(&given) {
			t.Fatalf("%+v\nis read as\n%+v, %v", given, got, err)
		}
	})
}
