package importer

import (
	"context"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// identityLayout is that of identifiers, one a row.
var identityLayout = layout{
	columns: []column{
		{"customer_id", []string{"customer_id", "user_id", "客户编号", "客户ID", "会员号"}},
		{"type", []string{"type", "identifier_type", "类型", "标识类型"}},
		{"value", []string{"value", "identifier", "值", "标识", "标识值", "账号"}},
		{"platform", []string{"platform", "平台"}},
		{"shop", []string{"shop", "shop_id", "app_id", "appid", "店铺", "店铺编号", "应用"}},
		{"namespace", []string{"namespace", "命名空间"}},
	},
	required: [][]string{{"customer_id"}, {"value"}, {"type", "platform"}},
}

// identityTypes are the words for types of identifiers beside the types themselves,
// alone or behind a platform: "taobao nick".
var identityTypes = func() map[string]domain.IdentifierType {
	all := map[string]domain.IdentifierType{
		"mail": domain.Email, "e-mail": domain.Email, "邮箱": domain.Email, "电子邮箱": domain.Email, "邮件": domain.Email,
		"mobile": domain.Phone, "tel": domain.Phone, "手机": domain.Phone, "手机号": domain.Phone, "电话": domain.Phone,
		"id": domain.ExternalID, "外部编号": domain.ExternalID, "编号": domain.ExternalID,
		"device_id": domain.Device, "设备": domain.Device, "设备号": domain.Device,
		"card": domain.MemberCard, "member": domain.MemberCard, "会员卡": domain.MemberCard, "会员卡号": domain.MemberCard,
		"nick": domain.TaobaoNick, "淘宝昵称": domain.TaobaoNick, "淘宝会员名": domain.TaobaoNick, "旺旺": domain.TaobaoNick,
		"oaid": domain.TaobaoOAID, "pin": domain.JDPin, "京东账号": domain.JDPin, "京东帐号": domain.JDPin,
		"openid": domain.WechatOpenID, "微信openid": domain.WechatOpenID,
		"unionid": domain.WechatUnionID, "微信unionid": domain.WechatUnionID,
	}
	for _, t := range (domain.IdentifierType("")).Words() {
		all[t] = domain.IdentifierType(t)
	}
	return all
}()

// ofPlatform is what identifies a buyer of a platform where a row names that alone.
var ofPlatform = map[string]domain.IdentifierType{
	"taobao": domain.TaobaoNick, "tmall": domain.TaobaoNick, "淘宝": domain.TaobaoNick, "天猫": domain.TaobaoNick,
	"jd": domain.JDPin, "京东": domain.JDPin, "wechat": domain.WechatOpenID, "微信": domain.WechatOpenID,
}

// identityRows reads rows with the columns of identifiers.
type identityRows struct{ columns *columns }

// take adds the identifier of a row to the batch.
func (r *identityRows) take(b *batch, row sheet.Row) *fault.Fault {
	value := func(column string) string { return unescaped(r.columns.in(row.Fields, column)) }
	given := app.Identity{Customer: unquoted(value("customer_id")), Row: row.Number}
	if f := customerKey(given.Customer); f != nil {
		return f
	}
	kind, f := identityType(value("type"), value("platform"))
	if f != nil {
		return f
	}
	text := value("value")
	if text == "" {
		return invalid("value", "VALUE_MISSING", "must not be empty")
	}
	given.Identifier = domain.Identifier{Type: kind, Value: unquoted(text), Namespace: namespace(kind, value)}
	if given.Identifier, f = given.Identifier.Normalize(""); f != nil {
		return inColumn(f, func(path string) string {
			if path == "namespace" && value("namespace") == "" {
				return "shop"
			}
			if path == "namespace" {
				return path
			}
			return "value"
		})
	}
	b.identities = append(b.identities, given)
	b.rowOf = append(b.rowOf, row.Number)
	b.fields = append(b.fields, row.Fields...)
	return nil
}

func identityType(word, platform string) (domain.IdentifierType, *fault.Fault) {
	folded := mapping.Fold(word)
	if kind, known := identityTypes[folded]; known {
		return kind, nil
	}
	at := mapping.Fold(platform)
	if kind, known := ofPlatform[at]; known && folded == "" {
		return kind, nil
	}
	folded = strings.TrimLeft(strings.TrimPrefix(folded, at), "_- ")
	if kind, known := identityTypes[folded]; known && at != "" {
		return kind, nil
	}
	return "", invalid("type", "VALUE_UNKNOWN", "must be one of %q, is %q", domain.IdentifierType("").Words(), clip(word, 40))
}

// namespace is who gave the identifier out: as the row has it, or else, of an
// identifier that is of one platform, the shop or the app, and of others platform and
// shop. What is unique everywhere has none.
func namespace(kind domain.IdentifierType, value func(string) string) string {
	given, platform, shop := value("namespace"), value("platform"), value("shop")
	switch {
	case given != "":
		return given
	case slices.Contains([]domain.IdentifierType{domain.Email, domain.Phone, domain.TaobaoNick, domain.JDPin}, kind):
		return ""
	case slices.Contains([]domain.IdentifierType{domain.TaobaoOAID, domain.WechatOpenID, domain.WechatUnionID}, kind), platform == "":
		return shop
	case shop == "":
		return platform
	}
	return platform + "/" + shop
}

// recordIdentities writes the identifiers of a batch. One that its customer has
// already is unchanged.
func (i *Importer) recordIdentities(ctx context.Context, f *file, b *batch) error {
	src := domain.Source{Import: f.run(), ValidateOnly: f.DryRun}
	records := make([]keyed, len(b.identities))
	for n, g := range b.identities {
		key, err := i.recorder.Pseudonym(g.Identifier)
		if err != nil {
			return err
		}
		records[n] = keyed{n, docstore.ID(src.Import, g.Customer, key), g.Row}
	}
	outcomes, err := i.repeatable(ctx, f, records, func(some []keyed) ([]app.Outcome, error) {
		return i.recorder.AddIdentifiers(ctx, pick(b.identities, some), src)
	})
	if err != nil {
		return err
	}
	for n, out := range outcomes {
		if out.Fault != nil {
			out.Fault = whose(out.Fault)
		}
		if err := b.count(f, n, b.rowOf[n], out, identityColumn); err != nil {
			return err
		}
	}
	return nil
}

// identityColumn is the column from which a field of a customer comes.
func identityColumn(path string) string {
	if path == "" || path == "name" {
		return "customer_id"
	}
	return "value"
}
