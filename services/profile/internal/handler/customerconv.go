package handler

import (
	"reflect"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// RecordProto is a customer with all that is known, what is sensitive included: for
// the customer alone.
func RecordProto(c *domain.Customer) *profilev1.Customer { return customerProto(c) }

func customerProto(c *domain.Customer) *profilev1.Customer {
	p := detailsProto(&c.Details)
	p.Name = customerName(c.ID)
	for _, id := range c.Merged {
		p.Merged = append(p.Merged, customerName(id))
	}
	if c.Version > 0 {
		p.Etag = etag.Of(c.Version)
		p.CreateTime, p.UpdateTime = timestamppb.New(c.CreatedAt), timestamppb.New(c.UpdatedAt)
	}
	return p
}

func detailsProto(d *domain.Details) *profilev1.Customer {
	p := &profilev1.Customer{}
	write(reflect.ValueOf(d).Elem(), p.ProtoReflect())
	return p
}

// customerContent reads what a caller sets of a customer, its id and version apart.
func customerContent(p *profilev1.Customer) (domain.Customer, error) {
	var c domain.Customer
	var faults []*fault.Fault
	read(p.ProtoReflect(), reflect.ValueOf(&c.Details).Elem(), "", &faults)
	return c, fault.Merge(faults...)
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

func identifier(p *profilev1.Identifier) (domain.Identifier, error) {
	var i domain.Identifier
	var faults []*fault.Fault
	read(p.ProtoReflect(), reflect.ValueOf(&i).Elem(), "", &faults)
	return i, fault.Merge(faults...)
}

func identifierProto(i domain.Identifier) *profilev1.Identifier {
	p := &profilev1.Identifier{}
	write(reflect.ValueOf(i), p.ProtoReflect())
	return p
}
