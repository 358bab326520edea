package quality

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/region"
)

// correct is the command that sets one field of one customer.
func correct(field string) string {
	flag := strings.ReplaceAll(field, "_", "-")
	return "kehu profile update-customer --customer.name customers/ID --customer." + flag + " VALUE   # to clear it: --update-mask " + field
}

// valueRules ask of each value whether it can be true by itself.
var valueRules = []Rule{
	{
		ID: "DISPLAY_NAME_PLACEHOLDER", Dimension: Accuracy, Field: "display_name",
		What:    Text{"The name is a placeholder such as \"test\" or \"未知\", or holds no letter.", "姓名是占位内容（如 test、未知）或不含任何文字。"},
		Advice:  Text{"Clear it or replace it by the real name: greetings would show it.", "清空或换成真实姓名，否则会出现在问候语里。"},
		Command: correct("display_name"),
		Check: func(r *Record, _ *Base) Verdict {
			if r.DisplayName == "" {
				return Skipped
			}
			return failedIf(placeholder(r.DisplayName))
		},
	},
	{
		ID: "DISPLAY_NAME_MASKED", Dimension: Accuracy, Field: "display_name",
		What:    Text{"The name is masked, as in \"王**\".", "姓名被遮盖，如“王**”。"},
		Advice:  Text{"Import the shop's export with names in clear, or leave the name out.", "导入未遮盖的订单，或不要导入姓名。"},
		Command: "kehu import customers FILE   # columns customer_id,display_name",
		Check: func(r *Record, _ *Base) Verdict {
			if r.DisplayName == "" {
				return Skipped
			}
			return failedIf(strings.ContainsAny(r.DisplayName, "*＊"))
		},
	},
	{
		ID: "DISPLAY_NAME_IS_CONTACT", Dimension: Accuracy, Field: "display_name",
		What:    Text{"The name is a phone number or an e-mail address.", "姓名栏里是手机号或邮箱。"},
		Advice:  Text{"Make it an identifier, and clear the name.", "改为客户的联系方式，并清空姓名。"},
		Command: correct("display_name"),
		Check: func(r *Record, _ *Base) Verdict {
			if r.DisplayName == "" {
				return Skipped
			}
			return failedIf(contact.MatchString(strings.TrimSpace(r.DisplayName)))
		},
	},
	{
		ID: "BIRTH_DATE_PLACEHOLDER", Dimension: Accuracy, Field: "birth_date",
		What: Text{
			"The birth date is what a form fills in by itself: 1900-01-01, 1970-01-01, or one that far too many customers share.",
			"出生日期是表单默认值：1900-01-01、1970-01-01，或为过多客户共有。",
		},
		Advice:  Text{"Clear it: ages and birthday greetings would be wrong.", "清空该日期，否则年龄和生日问候都会出错。"},
		Command: correct("birth_date"),
		Check: func(r *Record, base *Base) Verdict {
			if r.BirthDate.Year == 0 {
				return Skipped
			}
			return failedIf(slices.Contains(defaultDates, r.BirthDate) || base.heaps != nil && base.heaps.birthDate(r.BirthDate))
		},
	},
	{
		ID: "BIRTH_DATE_IMPLAUSIBLE", Dimension: Accuracy, Field: "birth_date",
		What:    Text{"By the birth date the customer is older than 110 years.", "按出生日期，客户已超过 110 岁。"},
		Advice:  Text{"Ask for the date again; the century may have been mistyped.", "重新核实，可能是年份输入错误。"},
		Command: correct("birth_date"),
		Check: func(r *Record, base *Base) Verdict {
			if r.BirthDate.Year == 0 || r.Kind != "" && r.Kind != domain.Individual {
				return Skipped
			}
			return failedIf(born(r.BirthDate).AddDate(111, 0, 0).Before(base.Now))
		},
	},
	{
		ID: "EMAIL_DOMAIN_MISTYPED", Dimension: Accuracy, Field: "email",
		What:    Text{"The e-mail address ends in a mistyped domain such as \"gmial.com\".", "邮箱域名疑似输错，如 gmial.com。"},
		Advice:  Text{"Ask for the address again: nothing sent to it arrives.", "重新核实邮箱，发往该地址的邮件无法送达。"},
		Command: "kehu profile list-customer-identifiers --parent customers/ID",
		Check: func(r *Record, _ *Base) Verdict {
			verdict := Skipped
			for _, i := range r.Identifiers {
				if i.Type == domain.Email {
					verdict = max(verdict, failedIf(mistyped(i.Value[strings.LastIndexByte(i.Value, '@')+1:])))
				}
			}
			return verdict
		},
	},
	{
		ID: "REGION_UNKNOWN", Dimension: Accuracy, Field: "region",
		What:    Text{"The region of a customer in China is none of its 34 provinces.", "中国客户的地区不是 34 个省级行政区之一。"},
		Advice:  Text{"Use the province's name, e.g. \"广东\" or \"广东省\"; a city goes into city.", "填写省级名称，如“广东”或“广东省”，城市填在 city。"},
		Command: "kehu import customers FILE   # columns customer_id,region",
		Check: func(r *Record, _ *Base) Verdict {
			if !inChina(r.Customer) || r.Region == "" {
				return Skipped
			}
			return failedIf(!region.Province(r.Region))
		},
	},
}

var defaultDates = []domain.BirthDate{{Year: 1900, Month: 1, Day: 1}, {Year: 1970, Month: 1, Day: 1}, {Year: 1899, Month: 12, Day: 30}, {Year: 1899, Month: 12, Day: 31}}

// contact is what a phone number or an e-mail address looks like.
var contact = regexp.MustCompile(`^(\+?[0-9][0-9 ()-]{6,19}|[^@\s]+@[^@\s]+\.[^@\s]+)$`)

var placeholders = []string{
	"test", "tester", "testing", "unknown", "none", "null", "nil", "na", "n/a", "anonymous", "guest", "user", "customer", "admin", "xxx", "asdf", "qwerty",
	"测试", "未知", "匿名", "无", "没有", "不详", "客户", "顾客", "用户", "游客", "匿名用户",
}

// placeholder reports a name that names nobody.
func placeholder(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	letters := strings.ContainsFunc(name, unicode.IsLetter)
	if contact.MatchString(name) {
		return false // has a rule of its own
	}
	return !letters || slices.Contains(placeholders, strings.TrimRight(name, "0123456789 "))
}

// inChina reports a customer whose country is China, or is not stated while the
// region is written in Chinese.
func inChina(c *domain.Customer) bool {
	if c.Country != "" {
		return c.Country == "CN"
	}
	return strings.ContainsFunc(c.Region, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

func born(d domain.BirthDate) time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
}
