package quality

import (
	"regexp"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/region"
)

// recordRules ask whether the values of a record agree with each other and with
// those of others, whether it stands twice, and how old it is.
var recordRules = []Rule{
	{
		ID: "CITY_OUTSIDE_REGION", Dimension: Consistency, Field: "city",
		What:    Text{"The city does not lie in the province.", "城市不在所填省份内。"},
		Advice:  Text{"Correct whichever is wrong; deliveries and regional figures depend on it.", "更正其中之一，配送和地区统计都依赖它。"},
		Command: "kehu import customers FILE   # columns customer_id,region,city",
		Check: func(r *Record, _ *Base) Verdict {
			of := region.ProvincesOf(r.City)
			if !inChina(r.Customer) || len(of) == 0 || !region.Province(r.Region) {
				return Skipped
			}
			return failedIf(!slices.Contains(of, region.Short(r.Region)))
		},
	},
	{
		ID: "PHONE_OUTSIDE_COUNTRY", Dimension: Consistency, Field: "phone",
		What:    Text{"All phone numbers are of another country than the customer's.", "所有电话号码都不属于客户所在国家。"},
		Advice:  Text{"Check the country code: a number without one was read as Chinese.", "检查国家区号：未写区号的号码按中国号码读取。"},
		Command: "kehu profile list-customer-identifiers --parent customers/ID",
		Check: func(r *Record, _ *Base) Verdict {
			if r.Country == "" {
				return Skipped
			}
			verdict := Skipped
			for _, i := range r.Identifiers {
				if i.Type != domain.Phone {
					continue
				}
				if number, err := phonenumbers.Parse(i.Value, ""); err == nil {
					if phonenumbers.GetRegionCodeForNumber(number) == string(r.Country) {
						return Passed
					}
					verdict = Failed
				}
			}
			return verdict
		},
	},
	{
		ID: "KIND_CONTRADICTED", Dimension: Consistency, Field: "kind",
		What:    Text{"The kind is contradicted: an organisation with a gender or birth date, or a person named as a company.", "客户类型矛盾：机构却有性别或生日，或个人却用公司名称。"},
		Advice:  Text{"Set the kind that is right; persons and organisations are analysed apart.", "设为正确的类型，个人与机构分开分析。"},
		Command: correct("kind"),
		Check: func(r *Record, _ *Base) Verdict {
			switch r.Kind {
			case "":
				return Skipped
			case domain.Individual:
				return failedIf(company.MatchString(r.DisplayName))
			}
			return failedIf(r.Gender != "" || r.BirthDate != domain.BirthDate{})
		},
	},
	{
		ID: "GENDER_CONTRADICTS_TITLE", Dimension: Consistency, Field: "gender",
		What:    Text{"The title in the name says another gender.", "姓名中的称谓与性别不符。"},
		Advice:  Text{"Correct the gender, or take the title out of the name.", "更正性别，或从姓名中去掉称谓。"},
		Command: correct("gender"),
		Check: func(r *Record, _ *Base) Verdict {
			said := titled(r.DisplayName)
			if said == "" || r.Gender == "" || r.Gender == domain.OtherGender {
				return Skipped
			}
			return failedIf(said != r.Gender)
		},
	},
	{
		ID: "BIRTH_AFTER_ORDER", Dimension: Consistency, Field: "birth_date",
		What:    Text{"The customer ordered before being born.", "下单时间早于出生日期。"},
		Advice:  Text{"Clear the birth date, or ask for it again.", "清空或重新核实出生日期。"},
		Command: correct("birth_date"),
		Check: func(r *Record, _ *Base) Verdict {
			if r.BirthDate.Year == 0 || r.Orders == 0 {
				return Skipped
			}
			return failedIf(r.FirstOrder.Before(born(r.BirthDate)))
		},
	},
	{
		ID: "MINOR_UNDER_14", Dimension: Consistency, Field: "birth_date",
		What:    Text{"By the birth date the customer is under 14 and has orders: the date is wrong, or a guardian's consent is needed (PIPL 31).", "按出生日期客户未满 14 周岁却有订单：日期有误，或需要监护人同意（个人信息保护法第 31 条）。"},
		Advice:  Text{"Verify the date; without the guardian's consent, erase the record.", "核实日期；无监护人同意则应删除该记录。"},
		Command: correct("birth_date"),
		Check: func(r *Record, base *Base) Verdict {
			if r.BirthDate.Year == 0 || r.Orders == 0 || r.FirstOrder.Before(born(r.BirthDate)) {
				return Skipped
			}
			return failedIf(born(r.BirthDate).AddDate(14, 0, 0).After(base.Now))
		},
	},
	{
		ID: "ADDRESS_SHARED", Dimension: Consistency, Field: "postal_addresses",
		What:    Text{"The address is that of more than 20 customers: a pick-up point, a forwarder, or a mistake of an import.", "同一地址属于 20 个以上客户：自提点、转运地址或导入错误。"},
		Advice:  Text{"Look at the examples; such an address says nothing of where customers live.", "查看示例；这样的地址不能说明客户住在哪里。"},
		Command: "kehu profile get-customer --name customers/ID",
		Check: func(r *Record, base *Base) Verdict {
			if len(r.PostalAddresses) == 0 || base.heaps == nil {
				return Skipped
			}
			return failedIf(slices.ContainsFunc(r.PostalAddresses, base.heaps.address))
		},
	},
	{
		ID: "DUPLICATE_CANDIDATE", Dimension: Uniqueness,
		What:    Text{"The customer is probably the same person as another.", "该客户可能与另一客户是同一人。"},
		Advice:  Text{"Accept or dismiss the candidates; merging can be undone.", "逐一接受或驳回候选，合并可以撤销。"},
		Command: "kehu duplicates list",
		Check:   func(r *Record, _ *Base) Verdict { return failedIf(r.Candidate) },
	},
	{
		ID: "NAME_AND_BIRTH_DATE_SHARED", Dimension: Uniqueness, Field: "display_name",
		What:    Text{"Another customer has the same name and birth date.", "另有客户姓名和出生日期相同。"},
		Advice:  Text{"Have duplicates looked for: most such pairs are one person.", "运行重复客户查找，这样的记录多为同一人。"},
		Command: "kehu duplicates find",
		Check: func(r *Record, base *Base) Verdict {
			key, ok := nameAndBirth(r.Customer)
			if !ok || base.heaps == nil {
				return Skipped
			}
			return failedIf(base.heaps.persons[key] > 1)
		},
	},
	{
		ID: "RECORD_STALE", Dimension: Freshness,
		What:    Text{"Neither the record changed nor an order or event came for longer than the limit.", "超过期限没有资料变更、订单或行为记录。"},
		Advice:  Text{"Confirm the contact data with the next campaign, or erase what is no longer needed.", "在下次触达时核实联系方式，或删除不再需要的资料。"},
		Command: "kehu profile get-customer --name customers/ID",
		Check: func(r *Record, base *Base) Verdict {
			limit := base.Now.AddDate(0, 0, -base.Policy.StaleAfterDays)
			return failedIf(r.UpdatedAt.Before(limit) && r.LastOrder.Before(limit) && r.LastEvent.Before(limit))
		},
	},
}

// company is what the names of companies end with.
var company = regexp.MustCompile(`(?i)(公司|集团|有限合伙|事务所|\b(ltd|limited|inc|llc|gmbh|corp|co|plc|s\.?a|b\.?v)\.?)\s*$`)

// titled is the gender that a title in a name says; empty where there is none.
func titled(name string) domain.Gender {
	name = strings.TrimSpace(name)
	for title, gender := range map[string]domain.Gender{"先生": domain.Male, "女士": domain.Female, "小姐": domain.Female, "太太": domain.Female} {
		if strings.HasSuffix(name, title) {
			return gender
		}
	}
	first, _, _ := strings.Cut(strings.ToLower(name), " ")
	switch strings.TrimSuffix(first, ".") {
	case "mr", "herr":
		return domain.Male
	case "mrs", "ms", "miss", "frau":
		return domain.Female
	}
	return ""
}
