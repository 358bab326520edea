package quality

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// personal are fields that only a person has.
var personal = []string{"gender", "birth_date", "education", "occupation", "marital_status", "household_size"}

// byIdentifier are the expected fields that stand for an identifier of a type.
var byIdentifier = map[string]domain.IdentifierType{"phone": domain.Phone, "email": domain.Email}

// Check reports a field that no customer has.
func (p Policy) Check() error {
	for i, field := range p.Expected {
		_, identifier := byIdentifier[field]
		known := domain.FieldNamed(field)
		if !identifier && known == nil {
			return fault.Invalid(fmt.Sprintf("policy.expected_fields[%d]", i),
				"must be a field of a customer, or phone or email, is %q", field)
		}
		if known != nil && known.Sensitive {
			f := fault.Invalid(fmt.Sprintf("policy.expected_fields[%d]", i),
				"must not be %q: what is sensitive is expected of nobody", field)
			f.Reason = "FIELD_SENSITIVE"
			return f
		}
		if slices.Contains(p.Expected[:i], field) {
			return fault.Invalid(fmt.Sprintf("policy.expected_fields[%d]", i), "%q is there twice", field)
		}
	}
	return nil
}

// Filled reports whether a customer has the field.
func Filled(field string, c *domain.Customer) bool {
	if of, ok := byIdentifier[field]; ok {
		return slices.ContainsFunc(c.Identifiers, func(i domain.Identifier) bool { return i.Type == of })
	}
	return domain.FieldNamed(field).Set(&c.Details)
}

// missing is the rule that a field is there.
func missing(field string) Rule {
	words := strings.ReplaceAll(field, "_", " ")
	return Rule{
		ID: strings.ToUpper(field) + "_MISSING", Dimension: Completeness, Field: field,
		What: Text{"The " + words + " is not known.", "缺少" + fieldZh(field) + "。"},
		Advice: Text{
			"Import a file with the columns customer_id and " + field + ", or ask for it with the next order.",
			"导入含 customer_id 和 " + field + " 两列的文件，或在下一次下单时向客户收集。",
		},
		Command: "kehu import customers FILE   # columns customer_id," + field,
		Check: func(r *Record, _ *Base) Verdict {
			if slices.Contains(personal, field) && r.Kind != "" && r.Kind != domain.Individual {
				return Skipped
			}
			return failedIf(!Filled(field, r.Customer))
		},
	}
}

var chinese = map[string]string{
	"display_name": "姓名", "kind": "客户类型", "gender": "性别", "birth_date": "出生日期", "region": "地区", "city": "城市",
	"country": "国家", "phone": "手机号", "email": "邮箱", "acquisition": "获客方式", "education": "学历", "occupation": "职业",
	"marital_status": "婚姻状况", "household_size": "家庭人数", "income_band": "收入档", "asset_band": "资产档", "credit_grade": "信用等级",
	"interests": "兴趣", "postal_addresses": "地址", "preferred_channels": "偏好渠道", "preferred_brands": "偏好品牌",
	"preferred_payment_methods": "偏好支付方式", "social_accounts": "社交账号", "identifiers": "联系方式",
}

// fieldZh is the field's name in Chinese, or in the API where it has none.
func fieldZh(field string) string {
	if name, ok := chinese[field]; ok {
		return name
	}
	return " " + field
}
