package store

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// SurveyAnswer is an answer with the survey it is to.
type SurveyAnswer struct {
	Survey string
	domain.Answer
}

// ByPerson yields all answers given before an instant (zero: all) in the order of
// the bytes of their customers' ids, of customers behind one and in front of
// another; empty is open. It holds one document at a time.
func (s *Responses) ByPerson(ctx context.Context, after, to string, before time.Time) iter.Seq2[SurveyAnswer, error] {
	return func(yield func(SurveyAnswer, error) bool) {
		r := docstore.Range{Index: byPerson}
		if after != "" {
			r.From = docstore.PrefixEnd(docstore.Key(docstore.String(after), docstore.String("")))
		}
		if to != "" {
			r.To = docstore.Key(docstore.String(to), docstore.String(""))
		}
		for entry, err := range s.docs.ScanRaw(ctx, r) {
			var answer SurveyAnswer
			if err == nil {
				answer.Survey = docstore.ParseID(entry.ID)[0]
				answer.Answer, err = readAnswer(entry.Doc)
			}
			if err == nil && !before.IsZero() && !answer.Time.Before(before) {
				continue
			}
			if !yield(answer, err) || err != nil {
				return
			}
		}
	}
}

// AnswersOf yields all answers of a customer, by the time of the answer.
func (s *Responses) AnswersOf(ctx context.Context, customer string) iter.Seq2[SurveyAnswer, error] {
	return func(yield func(SurveyAnswer, error) bool) {
		for entry, err := range s.docs.ScanRaw(ctx, ofPerson(customer)) {
			var answer SurveyAnswer
			if err == nil {
				answer.Survey = docstore.ParseID(entry.ID)[0]
				answer.Answer, err = readAnswer(entry.Doc)
			}
			if !yield(answer, err) || err != nil {
				return
			}
		}
	}
}
