package domain

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/kehuhq/kehu/pkg/fault"
)

// IdentifierType is what kind of identifier it is.
type IdentifierType string

// The types.
const (
	Email         IdentifierType = "email"
	Phone         IdentifierType = "phone"
	ExternalID    IdentifierType = "external_id"
	Device        IdentifierType = "device"
	MemberCard    IdentifierType = "member_card"
	TaobaoNick    IdentifierType = "taobao_nick"
	TaobaoOAID    IdentifierType = "taobao_oaid"
	JDPin         IdentifierType = "jd_pin"
	WechatOpenID  IdentifierType = "wechat_openid"
	WechatUnionID IdentifierType = "wechat_unionid"
)

// Words lists the types.
func (IdentifierType) Words() []string {
	return []string{
		"email", "phone", "external_id", "device", "member_card",
		"taobao_nick", "taobao_oaid", "jd_pin", "wechat_openid", "wechat_unionid",
	}
}

// naming is whether identifiers of a type are told apart by who gave them out.
type naming uint8

const (
	unnamed naming = iota // unique everywhere: there is no namespace
	maybeNamed
	named // means nothing without its namespace
)

var namings = map[IdentifierType]naming{
	Email: unnamed, Phone: unnamed, ExternalID: maybeNamed, Device: maybeNamed, MemberCard: maybeNamed,
	TaobaoNick: unnamed, TaobaoOAID: named, JDPin: unnamed, WechatOpenID: named, WechatUnionID: maybeNamed,
}

// Identifier is something that identifies one customer and no other.
type Identifier struct {
	Type      IdentifierType `json:"type"`
	Value     string         `json:"value"`
	Namespace string         `json:"namespace"` // the platform and shop or app that gave it out
}

const (
	maxValueBytes     = 320
	maxNamespaceBytes = 128
)

// Normalize returns the identifier in the form in which it is compared and
// kept. field is its path, "identifiers[0]" or empty for a look-up, where the
// value's own field is named after the type.
func (i Identifier) Normalize(field string) (Identifier, *fault.Fault) {
	value, namespace := field+".value", field+".namespace"
	if field == "" {
		value, namespace = string(i.Type), "namespace"
	}
	how, known := namings[i.Type]
	i.Namespace = strings.TrimSpace(i.Namespace)
	switch {
	case !known:
		return Identifier{}, fault.Invalid(strings.TrimPrefix(field+".type", "."), "must be one of %q", i.Type.Words())
	case how == unnamed && i.Namespace != "":
		return Identifier{}, fault.Invalid(namespace, "must be empty for an identifier of type %s", i.Type)
	case how == named && i.Namespace == "":
		return Identifier{}, fault.Invalid(namespace, "must be the shop or app that gave out the %s", i.Type)
	case len(i.Value) > maxValueBytes:
		return Identifier{}, fault.Invalid(value, "must have at most %d bytes, has %d", maxValueBytes, len(i.Value))
	case !utf8.ValidString(i.Value):
		return Identifier{}, fault.Invalid(value, "must be valid UTF-8")
	}
	var f *fault.Fault
	switch i.Type {
	case Email:
		i.Value, f = normalizeEmail(value, i.Value)
	case Phone:
		i.Value, f = normalizePhone(value, i.Value)
	default:
		i.Value, f = normalizeExternal(value, i.Value)
	}
	if f == nil {
		i.Namespace, f = normalizeNamespace(namespace, i.Namespace)
	}
	if f != nil {
		return Identifier{}, f
	}
	return i, nil
}

// maskedID finds an id with characters struck out: t**8, 小＊＊.
var maskedID = regexp.MustCompile(`[*＊•●∗✱]{2,}`)

// normalizeExternal brings an id that another system gave out to NFC without spaces around
// it. Upper and lower case stay: systems differ in whether they tell them apart.
func normalizeExternal(field, value string) (string, *fault.Fault) {
	value = norm.NFC.String(strings.TrimSpace(value))
	switch {
	case value == "":
		return "", fault.Invalid(field, "must not be empty")
	case strings.ContainsFunc(value, invisible):
		return "", fault.Invalid(field, "must hold no control or invisible characters")
	case maskedID.MatchString(value):
		return "", refuse("IDENTIFIER_MASKED", field, "is masked and identifies nobody: give all of it or leave it out")
	}
	return value, nil
}

func normalizeNamespace(field, namespace string) (string, *fault.Fault) {
	switch {
	case len(namespace) > maxNamespaceBytes:
		return "", fault.Invalid(field, "must have at most %d bytes, has %d", maxNamespaceBytes, len(namespace))
	case !utf8.ValidString(namespace):
		return "", fault.Invalid(field, "must be valid UTF-8")
	case strings.ContainsFunc(namespace, invisible):
		return "", fault.Invalid(field, "must hold no control or invisible characters")
	}
	return norm.NFC.String(namespace), nil
}

// invisible characters make two identifiers look alike that differ: controls,
// and formats such as the marks that turn the direction of writing.
func invisible(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

func contains(identifiers []Identifier, one Identifier) bool {
	for _, i := range identifiers {
		if i == one {
			return true
		}
	}
	return false
}
