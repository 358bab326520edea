package importer

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"
)

// What is kept of a file's rows tells of persons of whom nobody knows yet who they
// are: it is sealed under keys of the import.

// keeping is what rows are kept for.
type keeping string

const (
	ofRejects keeping = "rejects"
	ofLines   keeping = "lines"
)

// subject is whose key it is; no customer's id holds a slash.
func (k keeping) subject(id string) string {
	return "imports/" + docstore.ParseID(id)[0] + "/" + string(k)
}

// sealRows seals what is kept in the documents of ids, which are of one run.
func sealRows(ctx context.Context, v *vault.Vault, k keeping, ids []string, contents []any) ([][]byte, error) {
	boxes := make([]vault.Box, len(ids))
	for i, id := range ids {
		content, err := bson.Marshal(contents[i])
		if err != nil {
			return nil, err
		}
		boxes[i] = vault.Box{Subject: k.subject(id), Place: id, Content: content}
	}
	return v.SealMany(ctx, boxes)
}

// openRow opens what is kept in the document of an id. What was shredded is empty.
func openRow(ctx context.Context, v *vault.Vault, k keeping, id string, sealed []byte, into any) error {
	content, err := v.Open(ctx, k.subject(id), id, sealed)
	if errors.Is(err, vault.ErrDestroyed) {
		return nil
	}
	if err == nil {
		err = bson.Unmarshal(content, into)
	}
	if err != nil {
		return fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "a row of import %q cannot be read", docstore.ParseID(id)[0]).Because(err)
	}
	return nil
}
