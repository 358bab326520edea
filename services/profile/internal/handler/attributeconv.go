package handler

import (
	"reflect"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func attributeProto(v domain.Value) *profilev1.AttributeValue {
	p := &profilev1.AttributeValue{}
	switch v.Type {
	case domain.TextValue:
		p.Value = &profilev1.AttributeValue_StringValue{StringValue: v.Text}
	case domain.NumberValue:
		p.Value = &profilev1.AttributeValue_NumberValue{NumberValue: v.Number}
	case domain.IntegerValue:
		p.Value = &profilev1.AttributeValue_IntegerValue{IntegerValue: v.Integer}
	case domain.BoolValue:
		p.Value = &profilev1.AttributeValue_BoolValue{BoolValue: v.Bool}
	case domain.DateValue:
		d := &date.Date{}
		write(reflect.ValueOf(v.Date), d.ProtoReflect())
		p.Value = &profilev1.AttributeValue_DateValue{DateValue: d}
	case domain.TimestampValue:
		p.Value = &profilev1.AttributeValue_TimestampValue{TimestampValue: timestamppb.New(v.Time)}
	case domain.ListValue:
		p.Value = &profilev1.AttributeValue_ListValue{ListValue: &profilev1.StringList{Values: v.List}}
	case domain.MoneyValue:
		m := &apiv1.Money{}
		write(reflect.ValueOf(v.Money), m.ProtoReflect())
		p.Value = &profilev1.AttributeValue_MoneyValue{MoneyValue: m}
	}
	return p
}

// attributeValue reads a value; one without any is left to the domain to refuse.
func attributeValue(path string, p *profilev1.AttributeValue) (v domain.Value, f *fault.Fault) {
	switch given := p.GetValue().(type) {
	case *profilev1.AttributeValue_StringValue:
		v = domain.Value{Type: domain.TextValue, Text: given.StringValue}
	case *profilev1.AttributeValue_NumberValue:
		v = domain.Value{Type: domain.NumberValue, Number: given.NumberValue}
	case *profilev1.AttributeValue_IntegerValue:
		v = domain.Value{Type: domain.IntegerValue, Integer: given.IntegerValue}
	case *profilev1.AttributeValue_BoolValue:
		v = domain.Value{Type: domain.BoolValue, Bool: given.BoolValue}
	case *profilev1.AttributeValue_DateValue:
		v = domain.Value{Type: domain.DateValue, Date: domain.Date{
			Year: int64(given.DateValue.GetYear()), Month: int64(given.DateValue.GetMonth()), Day: int64(given.DateValue.GetDay()),
		}}
	case *profilev1.AttributeValue_TimestampValue:
		v.Type = domain.TimestampValue
		v.Time, f = instant(path+".timestamp_value", given.TimestampValue)
	case *profilev1.AttributeValue_ListValue:
		v = domain.Value{Type: domain.ListValue, List: given.ListValue.GetValues()}
	case *profilev1.AttributeValue_MoneyValue:
		v = domain.Value{Type: domain.MoneyValue, Money: domain.Money{
			MinorUnits: given.MoneyValue.GetMinorUnits(), CurrencyCode: given.MoneyValue.GetCurrencyCode(),
		}}
	}
	return v, f
}
