// Package personaldata sends and gathers what services hold about a person.
package personaldata

import (
	"iter"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
)

// partBytes is about how large a part gets.
const partBytes = 256 << 10

// Section is a kind of records that a service holds about a person.
type Section struct {
	ID      string // lower_snake, e.g. "survey_responses"
	Title   string // in English
	TitleZh string // in Chinese
}

// Erased says what became of the section's records: how many were removed, how
// many stay under a pseudonym, and why those had to.
func (s Section) Erased(service string, erased, pseudonymised int64, reason string) *apiv1.ErasedSection {
	if pseudonymised == 0 {
		reason = ""
	}
	return &apiv1.ErasedSection{
		Service: service, Section: s.ID, Title: s.Title, TitleZh: s.TitleZh,
		Erased: erased, Pseudonymised: pseudonymised, Reason: reason,
	}
}

// Send sends the records of a section in parts. Where there are none it sends nothing.
func Send[M proto.Message](s Section, records iter.Seq2[M, error], send func(*apiv1.PersonalDataPart) error) error {
	part, bytes := s.part(), 0
	for record, err := range records {
		if err != nil {
			return err
		}
		content, err := Record(record)
		if err != nil {
			return err
		}
		part.Records, bytes = append(part.Records, content), bytes+proto.Size(content)
		if bytes >= partBytes {
			if err := send(part); err != nil {
				return err
			}
			part, bytes = s.part(), 0
		}
	}
	if len(part.Records) == 0 {
		return nil
	}
	return send(part)
}

func (s Section) part() *apiv1.PersonalDataPart {
	return &apiv1.PersonalDataPart{Section: s.ID, Title: s.Title, TitleZh: s.TitleZh}
}

// Record is a message as the API shows it in JSON.
func Record(m proto.Message) (*structpb.Struct, error) {
	text, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	content := new(structpb.Struct)
	return content, content.UnmarshalJSON(text)
}
