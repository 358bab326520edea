package handler

import (
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// enum maps the values of a proto enum to those of the domain and back.
type enum[P ~int32, D ~string] struct {
	domain map[P]D
	proto  map[D]P
}

func newEnum[P ~int32, D ~string](values map[P]D) enum[P, D] {
	e := enum[P, D]{domain: values, proto: make(map[D]P, len(values))}
	for p, d := range values {
		e.proto[d] = p
	}
	return e
}

// read is the domain's value; a number the API does not define is a fault.
func (e enum[P, D]) read(field string, p P) (D, *fault.Fault) {
	d, ok := e.domain[p]
	if !ok {
		return d, fault.Invalid(field, "must be one of the values the API defines, is %d", p)
	}
	return d, nil
}

var (
	kinds = newEnum(map[profilev1.CustomerKind]domain.Kind{
		profilev1.CustomerKind_CUSTOMER_KIND_UNSPECIFIED: "",
		profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL:  domain.Individual,
		profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE:  domain.Enterprise,
		profilev1.CustomerKind_CUSTOMER_KIND_GOVERNMENT:  domain.Government,
	})
	genders = newEnum(map[profilev1.Gender]domain.Gender{
		profilev1.Gender_GENDER_UNSPECIFIED: "",
		profilev1.Gender_GENDER_FEMALE:      domain.Female,
		profilev1.Gender_GENDER_MALE:        domain.Male,
		profilev1.Gender_GENDER_OTHER:       domain.OtherGender,
	})
	acquisitions = newEnum(map[profilev1.Acquisition]domain.Acquisition{
		profilev1.Acquisition_ACQUISITION_UNSPECIFIED: "",
		profilev1.Acquisition_ACQUISITION_ORGANIC:     domain.Organic,
		profilev1.Acquisition_ACQUISITION_ADVERTISING: domain.Advertising,
		profilev1.Acquisition_ACQUISITION_REFERRAL:    domain.Referral,
		profilev1.Acquisition_ACQUISITION_PROMOTION:   domain.Promotion,
		profilev1.Acquisition_ACQUISITION_SALES:       domain.Sales,
	})
	identifierTypes = newEnum(map[profilev1.IdentifierType]domain.IdentifierType{
		profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL:       domain.Email,
		profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE:       domain.Phone,
		profilev1.IdentifierType_IDENTIFIER_TYPE_EXTERNAL_ID: domain.ExternalID,
	})
	statuses = newEnum(map[profilev1.OrderStatus]domain.Status{
		profilev1.OrderStatus_ORDER_STATUS_UNSPECIFIED: "",
		profilev1.OrderStatus_ORDER_STATUS_PAID:        domain.Paid,
		profilev1.OrderStatus_ORDER_STATUS_PENDING:     domain.Pending,
		profilev1.OrderStatus_ORDER_STATUS_CANCELLED:   domain.Cancelled,
		profilev1.OrderStatus_ORDER_STATUS_RETURNED:    domain.Returned,
	})
)
