package handler

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func customerProto(c *domain.Customer) *profilev1.Customer {
	p := &profilev1.Customer{
		Name:        customerName(c.ID),
		Kind:        kinds.proto[c.Kind],
		DisplayName: c.DisplayName,
		Gender:      genders.proto[c.Gender],
		Region:      c.Region,
		City:        c.City,
		Acquisition: acquisitions.proto[c.Acquisition],
	}
	if c.BirthDate != (domain.BirthDate{}) {
		p.BirthDate = &date.Date{Year: int32(c.BirthDate.Year), Month: int32(c.BirthDate.Month), Day: int32(c.BirthDate.Day)}
	}
	for _, i := range c.Identifiers {
		p.Identifiers = append(p.Identifiers, &profilev1.Identifier{
			Type: identifierTypes.proto[i.Type], Value: i.Value, Namespace: i.Namespace,
		})
	}
	for _, id := range c.Merged {
		p.Merged = append(p.Merged, customerName(id))
	}
	if c.Version > 0 {
		p.Etag = etag.Of(c.Version)
		p.CreateTime, p.UpdateTime = timestamppb.New(c.CreatedAt), timestamppb.New(c.UpdatedAt)
	}
	return p
}

// customerContent reads what a caller sets of a customer, its id and version apart.
func customerContent(p *profilev1.Customer) (domain.Customer, error) {
	c := domain.Customer{DisplayName: p.GetDisplayName(), Region: p.GetRegion(), City: p.GetCity()}
	var faults [4]*fault.Fault
	c.Kind, faults[0] = kinds.read("kind", p.GetKind())
	c.Gender, faults[1] = genders.read("gender", p.GetGender())
	c.Acquisition, faults[2] = acquisitions.read("acquisition", p.GetAcquisition())
	if d := p.GetBirthDate(); d != nil {
		c.BirthDate = domain.BirthDate{Year: int(d.GetYear()), Month: int(d.GetMonth()), Day: int(d.GetDay())}
	}
	for n, i := range p.GetIdentifiers() {
		kind, f := identifierTypes.read(fmt.Sprintf("identifiers[%d].type", n), i.GetType())
		if f != nil {
			faults[3] = f
		}
		c.Identifiers = append(c.Identifiers, domain.Identifier{Type: kind, Value: i.GetValue(), Namespace: i.GetNamespace()})
	}
	return c, fault.Merge(faults[:]...)
}

// expectedVersion reads the version an etag stands for; 0 where any will do.
func expectedVersion(given string) (int64, error) {
	if given == "" || given == "*" {
		return 0, nil
	}
	version, err := strconv.ParseInt(strings.Trim(given, `"`), 10, 64)
	if err != nil || version < 1 {
		version = 1 // whatever it is, it is no etag of ours, or of no version there can be
	}
	if err := etag.Check(given, version); err != nil {
		return 0, err
	}
	return version, nil
}
