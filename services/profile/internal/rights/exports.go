package rights

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// exportLife is how long an export can be fetched.
const exportLife = 7 * 24 * time.Hour

// exportDoc is an export as it is stored.
type exportDoc struct {
	docstore.Meta `bson:",inline"`
	Customer      string         `bson:"customer"`
	Request       aip.RequestKey `bson:"request"`
	CreatedAt     time.Time      `bson:"created_at"`
	CompletedAt   time.Time      `bson:"completed_at"`
	Sections      [][]byte       `bson:"sections"` // PersonalDataSections
}

// partDoc is a part of an export, under export!number.
type partDoc struct {
	docstore.Meta `bson:",inline"`
	Service       string `bson:"service"`
	Content       []byte `bson:"content"` // a PersonalDataPart, sealed for the customer
}

// exports keeps them.
type exports struct {
	docs  *docstore.Collection[exportDoc]
	parts *docstore.Collection[partDoc]
	vault *vault.Vault
}

const (
	byAge      = "age"
	byCustomer = "customer"
)

func openExports(ctx context.Context, e docstore.Engine, v *vault.Vault, clock func() time.Time) (*exports, error) {
	docs, err := docstore.Open(ctx, e, docstore.Schema[exportDoc]{Name: "personal_data_exports", Indexes: []docstore.Index[exportDoc]{
		{Name: byAge, Key: func(d *exportDoc) string { return docstore.Key(docstore.Time(d.CreatedAt)) }},
		{Name: byCustomer, Key: func(d *exportDoc) string { return docstore.Key(docstore.String(d.Customer)) }},
	}}, docstore.WithClock(clock))
	parts, failed := docstore.Open(ctx, e, docstore.Schema[partDoc]{Name: "personal_data_parts"}, docstore.WithClock(clock))
	return &exports{docs, parts, v}, errors.Join(err, failed)
}

func exportNotFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "PERSONAL_DATA_EXPORT_NOT_FOUND", "there is no export %q; one is kept for seven days", id)
}

// get returns an export that has not expired.
func (s *exports) get(ctx context.Context, id string, now time.Time) (*exportDoc, error) {
	doc, err := s.docs.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) || err == nil && !doc.CreatedAt.Add(exportLife).After(now) {
		return nil, exportNotFound(id)
	}
	return doc, err
}

func (d *exportDoc) id() string { return docstore.ParseID(d.ID)[0] }

func (d *exportDoc) proto() (*profilev1.PersonalDataExport, error) {
	p := &profilev1.PersonalDataExport{
		Name: aip.Name(exportPattern, d.id()), Customer: aip.Name(customerPattern, d.Customer),
		CreateTime: timestamppb.New(d.CreatedAt), CompleteTime: aip.Timestamp(d.CompletedAt), ExpireTime: timestamppb.New(d.CreatedAt.Add(exportLife)),
	}
	for _, raw := range d.Sections {
		section := &profilev1.PersonalDataSection{}
		if err := proto.Unmarshal(raw, section); err != nil {
			return nil, err
		}
		p.Sections = append(p.Sections, section)
	}
	return p, nil
}

func partPlace(id string) string { return "personal_data_parts!" + id }

// put keeps a part.
func (s *exports) put(ctx context.Context, d *exportDoc, number int, service string, part *apiv1.PersonalDataPart) error {
	doc := &partDoc{Meta: docstore.Meta{ID: docstore.ID(d.id(), fmt.Sprintf("%08d", number))}, Service: service}
	var err error
	if doc.Content, err = sealed.Seal(ctx, s.vault, d.Customer, partPlace(doc.ID), part); err != nil {
		return err
	}
	_, err = s.parts.Upsert(ctx, doc.ID, func(stored *partDoc, _ bool) error {
		stored.Service, stored.Content = doc.Service, doc.Content
		return nil
	})
	return err
}

// each yields the parts with the services that they are from.
func (s *exports) each(ctx context.Context, d *exportDoc) iter.Seq2[*partDoc, error] {
	return s.parts.Scan(ctx, docstore.Within(d.ID))
}

// open opens a part.
func (s *exports) open(ctx context.Context, d *exportDoc, doc *partDoc) (*apiv1.PersonalDataPart, error) {
	part := &apiv1.PersonalDataPart{}
	return part, sealed.Open(ctx, s.vault, d.Customer, partPlace(doc.ID), doc.Content, part)
}

// remove removes an export, without a trace.
func (s *exports) remove(ctx context.Context, id string) error {
	return errors.Join(s.parts.Purge(ctx, docstore.Within(id)), s.docs.Purge(ctx, docstore.Only(id)))
}

// expire removes the exports that have expired.
func (s *exports) expire(ctx context.Context, now time.Time) error {
	var old []string
	r := docstore.Range{Index: byAge, To: docstore.Key(docstore.Time(now.Add(-exportLife)))}
	for doc, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return err
		}
		old = append(old, doc.ID)
	}
	for _, id := range old {
		if err := s.remove(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// records are the exports as something that is held about a person, too.
func (s *exports) records() Records {
	of := func(ctx context.Context, customer string) iter.Seq2[*exportDoc, error] {
		r := docstore.Only(docstore.Key(docstore.String(customer)))
		r.Index = byCustomer
		return s.docs.Scan(ctx, r)
	}
	return Records{
		Section: personaldata.Section{ID: "personal_data_exports", Title: "Copies of your data", TitleZh: "个人信息副本"},
		Read: func(ctx context.Context, customer string) iter.Seq2[proto.Message, error] {
			return func(yield func(proto.Message, error) bool) {
				for doc, err := range of(ctx, customer) {
					var p *profilev1.PersonalDataExport
					if err == nil {
						p, err = doc.proto()
					}
					if !yield(p, err) || err != nil {
						return
					}
				}
			}
		},
		Erase: func(ctx context.Context, customer, _ string) error {
			var ids []string
			for doc, err := range of(ctx, customer) {
				if err != nil {
					return err
				}
				ids = append(ids, doc.ID)
			}
			for _, id := range ids {
				if err := s.remove(ctx, id); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
