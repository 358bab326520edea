package consents

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// The purposes that other parts of the product ask about.
const (
	Analytics    = "analytics"
	Marketing    = "marketing"
	Segmentation = "segmentation"
	Sensitive    = "sensitive"
	Sharing      = "sharing"
)

const purposePattern = "purposes/{purpose}"

// maxPurposes is how many may be declared: each process holds them all.
const maxPurposes = 200

// holdFor is how long purposes are gone by before they are read again: what
// another process has changed counts from then on.
const holdFor = 2 * time.Second

// builtIn are the purposes that there are to begin with, by id.
var builtIn = map[string]*profilev1.Purpose{
	Analytics: {
		DisplayName: "Analytics", DisplayNameZh: "分析",
		Description:   "Figures about all customers together, from which nobody can be told.",
		DescriptionZh: "对全体客户做统计分析，结果不指向个人。",
		LegalBasis:    profilev1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS,
	},
	Marketing: {
		DisplayName: "Marketing", DisplayNameZh: "营销",
		Description:   "Offers, news and invitations sent to the customer.",
		DescriptionZh: "向客户发送优惠、资讯和活动邀请。",
		LegalBasis:    profilev1.LegalBasis_LEGAL_BASIS_CONSENT, NeedsConsent: true,
	},
	Segmentation: {
		DisplayName: "Automated segmentation", DisplayNameZh: "自动化客户细分",
		Description:   "Putting the customer into segments by machine. The customer may object (GDPR 21, PIPL 24).",
		DescriptionZh: "由系统自动将客户归入细分群体。客户有权拒绝（《个人信息保护法》第二十四条，GDPR 第 21 条）。",
		LegalBasis:    profilev1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS,
	},
	Sensitive: {
		DisplayName: "Sensitive data", DisplayNameZh: "敏感个人信息",
		Description:   "Keeping and showing sensitive data, such as beliefs. Needs separate consent (GDPR 9, PIPL 29).",
		DescriptionZh: "保存和展示敏感个人信息（如信仰）。须取得单独同意（《个人信息保护法》第二十九条，GDPR 第 9 条）。",
		LegalBasis:    profilev1.LegalBasis_LEGAL_BASIS_CONSENT, NeedsConsent: true,
	},
	Sharing: {
		DisplayName: "Sharing", DisplayNameZh: "对外提供",
		Description:   "Passing data about the customer on to others. Needs separate consent (PIPL 23).",
		DescriptionZh: "向第三方提供客户的个人信息。须取得单独同意（《个人信息保护法》第二十三条）。",
		LegalBasis:    profilev1.LegalBasis_LEGAL_BASIS_CONSENT, NeedsConsent: true,
	},
}

// purposeDoc is a purpose as it is stored, under its id: one that was declared,
// or a built-in one that was changed.
type purposeDoc struct {
	docstore.Meta `bson:",inline"`
	Content       []byte         `bson:"content"` // the Purpose, serialised
	CreatedAt     time.Time      `bson:"created_at"`
	Request       aip.RequestKey `bson:"request"`
}

func (d *purposeDoc) purpose() (*profilev1.Purpose, error) {
	p := &profilev1.Purpose{}
	id := docstore.ParseID(d.ID)[0]
	if err := proto.Unmarshal(d.Content, p); err != nil {
		return nil, fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "purpose %q cannot be read", id).Because(err)
	}
	p.Name, p.BuiltIn, p.Etag = aip.Name(purposePattern, id), builtIn[id] != nil, etag.Of(d.Version)
	p.CreateTime, p.UpdateTime = timestamppb.New(d.CreatedAt), timestamppb.New(d.UpdatedAt)
	return p, nil
}

func (d *purposeDoc) set(p *profilev1.Purpose) error {
	kept := proto.Clone(p).(*profilev1.Purpose)
	kept.Name, kept.BuiltIn, kept.Etag, kept.CreateTime, kept.UpdateTime = "", false, "", nil, nil
	var err error
	d.Content, err = proto.MarshalOptions{Deterministic: true}.Marshal(kept)
	return err
}

// original is a built-in purpose as it was before any change, nil for others.
func original(id string) *profilev1.Purpose {
	if builtIn[id] == nil {
		return nil
	}
	p := proto.Clone(builtIn[id]).(*profilev1.Purpose)
	p.Name, p.BuiltIn = aip.Name(purposePattern, id), true
	return p
}

// heldPurposes is the purposes as they were read last.
type heldPurposes struct {
	mu   sync.Mutex
	all  map[string]*profilev1.Purpose
	read time.Time
}

// purposes are those that there are by id, as of holdFor ago at most, or now.
func (s *Store) purposes(ctx context.Context, now bool) (map[string]*profilev1.Purpose, error) {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	if age := s.clock().Sub(s.held.read); !now && s.held.all != nil && age >= 0 && age < holdFor {
		return s.held.all, nil
	}
	read := s.clock()
	all := map[string]*profilev1.Purpose{}
	for id := range builtIn {
		all[id] = original(id)
	}
	for doc, err := range s.declared.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		if all[docstore.ParseID(doc.ID)[0]], err = doc.purpose(); err != nil {
			return nil, err
		}
	}
	s.held.all, s.held.read = all, read
	return all, nil
}

// forget makes the next question read the purposes.
func (s *Store) forget() {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	s.held.all = nil
}

// purpose is one of the purposes, or a NotFound fault PURPOSE_NOT_FOUND.
func (s *Store) purpose(ctx context.Context, id string) (*profilev1.Purpose, error) {
	for _, now := range []bool{false, true} {
		all, err := s.purposes(ctx, now)
		if err != nil {
			return nil, err
		}
		if p := all[id]; p != nil {
			return p, nil
		}
	}
	return nil, purposeNotFound(id)
}

func purposeNotFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "PURPOSE_NOT_FOUND", "there is no purpose %q: ListPurposes tells which there are", id)
}

// PurposeIn is the id of the purpose named in a field of a request. Faults: it is
// no name of a purpose, or PURPOSE_NOT_FOUND.
func (s *Store) PurposeIn(ctx context.Context, field, name string) (string, error) {
	var id string
	if err := aip.ParseName(field, name, purposePattern, &id); err != nil {
		return "", err
	}
	_, err := s.purpose(ctx, id)
	return id, err
}

// CheckPurpose reports a name, which stands in a field, that is no purpose's.
func (s *Store) CheckPurpose(ctx context.Context, field, name string) error {
	_, err := s.PurposeIn(ctx, field, name)
	return err
}

// checkPurpose reports what a purpose cannot be, and sets what follows from its
// legal basis.
func checkPurpose(p *profilev1.Purpose) error {
	var faults []*fault.Fault
	if p.GetLegalBasis() == profilev1.LegalBasis_LEGAL_BASIS_UNSPECIFIED {
		faults = append(faults, fault.Invalid("legal_basis", "must say what makes the use of the data lawful"))
	}
	if strings.TrimSpace(p.GetDescription()+p.GetDescriptionZh()) == "" {
		faults = append(faults, fault.Invalid("description", "must say what is done, as the person is told, in English or Chinese (description_zh)"))
	}
	for _, line := range []struct{ field, text string }{{"display_name", p.GetDisplayName()}, {"display_name_zh", p.GetDisplayNameZh()}} {
		if strings.ContainsFunc(line.text, unicode.IsControl) {
			faults = append(faults, fault.Invalid(line.field, "must hold no control characters or line breaks"))
		}
	}
	p.NeedsConsent = p.GetNeedsConsent() || p.GetLegalBasis() == profilev1.LegalBasis_LEGAL_BASIS_CONSENT
	return fault.Merge(faults...)
}

// sorted are purposes in the order of their ids.
func sorted(all map[string]*profilev1.Purpose) []string {
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// inUse reports whether somebody has decided about a purpose.
func (s *Store) inUse(ctx context.Context, purpose string) (bool, error) {
	r := docstore.Prefix(docstore.Key(docstore.String(purpose)) + "!")
	r.Index, r.Limit = byPurpose, 1
	for _, err := range s.docs.Scan(ctx, r) {
		return err == nil, err
	}
	return false, nil
}

func missing(err error) bool { return errors.Is(err, docstore.ErrNotFound) }
