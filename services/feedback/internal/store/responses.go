package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/updates"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// response is a response as it is stored.
type response struct {
	docstore.Meta `bson:",inline"`
	Customer      string    `bson:"customer"`
	Score         int32     `bson:"score"`
	Sealed        []byte    `bson:"sealed,omitempty"` // a words, where there are any
	Time          time.Time `bson:"time"`
	CreatedAt     time.Time `bson:"created_at"`
}

// byCustomer orders a survey's responses by customer, each one's by time: the
// time of the answer, then that of its recording, then the id.
const byCustomer = "by_customer"

// byPerson orders all responses by customer, each one's by the time of the answer.
const byPerson = "by_person"

var responseSchema = docstore.Schema[response]{
	Name: "responses", Changes: true,
	Indexes: []docstore.Index[response]{
		{Name: byCustomer, Key: func(r *response) string {
			return docstore.Key(docstore.String(docstore.ParseID(r.ID)[0]), docstore.String(r.Customer),
				docstore.Time(r.Time), docstore.Time(r.CreatedAt))
		}},
		{Name: byPerson, Key: func(r *response) string {
			return docstore.Key(docstore.String(r.Customer), docstore.Time(r.Time))
		}},
	},
}

func responseDoc(r *domain.Response) *response {
	return &response{
		Meta:     docstore.Meta{ID: docstore.ID(r.Survey, r.ID)},
		Customer: r.Customer, Score: int32(r.Score), Time: r.Time, CreatedAt: r.CreatedAt,
	}
}

func (d *response) domain(w words) *domain.Response {
	id := docstore.ParseID(d.ID)
	return &domain.Response{
		Survey: id[0], ID: id[len(id)-1], Customer: d.Customer, Score: int(d.Score),
		Comment: w.Comment, Channel: w.Channel, Time: d.Time, CreatedAt: d.CreatedAt,
	}
}

// Responses keeps the responses. What a customer said is sealed.
type Responses struct {
	docs  *docstore.Collection[response]
	vault *vault.Vault
}

// Updates tells who has answered.
func (s *Responses) Updates() updates.Source {
	return updates.Of("responses", s.docs, func(_ string, r *response) string {
		if r == nil {
			return "" // none is ever deleted but with the person
		}
		return r.Customer
	})
}

// Get returns a response, or the fault RESPONSE_NOT_FOUND.
func (s *Responses) Get(ctx context.Context, survey, id string) (*domain.Response, error) {
	doc, err := s.docs.Get(ctx, docstore.ID(survey, id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, fault.New(fault.NotFound, "RESPONSE_NOT_FOUND", "survey %q has no response %q", survey, id)
	}
	if err != nil {
		return nil, err
	}
	opened, err := s.open(ctx, []*response{doc})
	if err != nil {
		return nil, err
	}
	return opened[0], nil
}

// GetMany returns one entry per id, nil where the survey has no such response.
func (s *Responses) GetMany(ctx context.Context, survey string, ids []string) ([]*domain.Response, error) {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = docstore.ID(survey, id)
	}
	docs, err := s.docs.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, docs)
}

// Insert stores new responses, each by itself, and returns one error per
// response: docstore.ErrConflict where its id is taken.
func (s *Responses) Insert(ctx context.Context, responses []*domain.Response) ([]error, error) {
	docs, err := s.sealed(ctx, responses)
	if err != nil {
		return nil, err
	}
	ops := make([]docstore.Op[response], len(docs))
	for i, doc := range docs {
		ops[i] = docstore.Op[response]{Doc: doc, Expect: docstore.Absent}
	}
	return s.docs.Write(ctx, ops)
}

// Page lists a survey's responses in the order of their ids, from behind a
// position (nil: the beginning), and says where to go on, nil at the end.
func (s *Responses) Page(ctx context.Context, survey string, after *docstore.Position, size int) ([]*domain.Response, *docstore.Position, error) {
	r := docstore.Within(docstore.ID(survey))
	r.After, r.Limit = after, size
	docs, next, err := s.docs.Page(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	responses, err := s.open(ctx, docs)
	return responses, next, err
}

// Latest yields the last answer of each customer to a survey, of those recorded
// up to an instant. It holds one document at a time.
func (s *Responses) Latest(ctx context.Context, survey string, asOf time.Time) iter.Seq2[domain.Answer, error] {
	return func(yield func(domain.Answer, error) bool) {
		r := docstore.Within(docstore.Key(docstore.String(survey)))
		r.Index, r.Reverse = byCustomer, true // a customer's last answer comes first
		var before string
		for entry, err := range s.docs.ScanRaw(ctx, r) {
			var answer domain.Answer
			if err == nil {
				answer, err = readAnswer(entry.Doc)
			}
			if err != nil {
				yield(answer, err)
				return
			}
			if answer.Recorded.After(asOf) || answer.Customer == before {
				continue
			}
			before = answer.Customer
			if !yield(answer, nil) {
				return
			}
		}
	}
}

// readAnswer reads of a stored response what counts, without decoding the rest.
func readAnswer(doc bson.Raw) (domain.Answer, error) {
	customer, ok := doc.Lookup("customer").StringValueOK()
	score, hasScore := doc.Lookup("score").Int32OK()
	given, hasTime := doc.Lookup("time").TimeOK()
	recorded, hasRecorded := doc.Lookup("created_at").TimeOK()
	if !ok || !hasScore || !hasTime || !hasRecorded {
		return domain.Answer{}, fmt.Errorf("responses: stored document without customer, score, time or created_at")
	}
	return domain.Answer{Customer: customer, Score: int(score), Time: given, Recorded: recorded}, nil
}
