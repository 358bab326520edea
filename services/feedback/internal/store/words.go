package store

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// words is what a customer said, which is sealed under the customer's key. The
// score is not: it is counted by scanning.
type words struct {
	Comment string `bson:"comment,omitempty"`
	Channel string `bson:"channel,omitempty"`
}

func box(d *response, content []byte) vault.Box {
	return vault.Box{Subject: d.Customer, Place: "responses!" + d.ID, Content: content}
}

// sealed makes the documents of responses. Where nothing was said, no key is made.
func (s *Responses) sealed(ctx context.Context, responses []*domain.Response) ([]*response, error) {
	docs := make([]*response, len(responses))
	var boxes []vault.Box
	var of []*response // by box
	for i, r := range responses {
		docs[i] = responseDoc(r)
		said := words{r.Comment, r.Channel}
		if said == (words{}) {
			continue
		}
		content, err := bson.Marshal(said)
		if err != nil {
			return nil, err
		}
		boxes, of = append(boxes, box(docs[i], content)), append(of, docs[i])
	}
	if len(boxes) == 0 {
		return docs, nil
	}
	sealed, err := s.vault.SealMany(ctx, boxes)
	for i := range sealed {
		of[i].Sealed = sealed[i]
	}
	return docs, err
}

// open makes responses of documents, nil for nil. Where the customer was erased,
// what was said is empty.
func (s *Responses) open(ctx context.Context, docs []*response) ([]*domain.Response, error) {
	said := make([]words, len(docs))
	var boxes []vault.Box
	var of []int // by box, in docs
	for i, doc := range docs {
		if doc != nil && len(doc.Sealed) > 0 {
			boxes, of = append(boxes, box(doc, doc.Sealed)), append(of, i)
		}
	}
	if len(boxes) > 0 {
		contents, errs, err := s.vault.OpenMany(ctx, boxes)
		if err != nil {
			return nil, err
		}
		for n, i := range of {
			if errors.Is(errs[n], vault.ErrDestroyed) {
				continue
			}
			if err := errors.Join(errs[n], bson.Unmarshal(contents[n], &said[i])); err != nil {
				return nil, fmt.Errorf("response %s: %w", docs[i].ID, err)
			}
		}
	}
	responses := make([]*domain.Response, len(docs))
	for i, doc := range docs {
		if doc != nil {
			responses[i] = doc.domain(said[i])
		}
	}
	return responses, nil
}
