package rights

import (
	"context"
	"iter"

	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
)

// gather sends all that the services hold about a person, service by service and
// kind by kind.
func (s *Server) gather(ctx context.Context, ids []string, send func(service string, part *apiv1.PersonalDataPart) error) error {
	for _, kind := range s.Records {
		err := personaldata.Send(kind.Section, kind.ofAll(ctx, ids), func(p *apiv1.PersonalDataPart) error { return send(own, p) })
		if err != nil {
			return err
		}
	}
	for _, peer := range s.Peers {
		err := peer.each(ctx, &apiv1.Person{CustomerIds: ids}, func(p *apiv1.PersonalDataPart) error { return send(peer.Name, p) })
		if err != nil {
			return err
		}
	}
	return nil
}

// ofAll yields the records of several customers.
func (r Records) ofAll(ctx context.Context, ids []string) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		for _, id := range ids {
			for record, err := range r.Read(ctx, id) {
				if !yield(record, err) || err != nil {
					return
				}
			}
		}
	}
}

// held counts what the services hold about a person.
func (s *Server) held(ctx context.Context, ids []string) (sections, error) {
	var all sections
	err := s.gather(ctx, ids, func(service string, p *apiv1.PersonalDataPart) error {
		all.add(service, p)
		return nil
	})
	return all, err
}

// sections are counts of records, in the order in which they came.
type sections []*profilev1.PersonalDataSection

func (s *sections) add(service string, p *apiv1.PersonalDataPart) {
	for _, known := range *s {
		if known.GetService() == service && known.GetSection() == p.GetSection() {
			known.Records += int64(len(p.GetRecords()))
			return
		}
	}
	*s = append(*s, &profilev1.PersonalDataSection{
		Service: service, Section: p.GetSection(), Title: p.GetTitle(), TitleZh: p.GetTitleZh(), Records: int64(len(p.GetRecords())),
	})
}
