package importer_test

import (
	"fmt"
	"strings"
	"testing"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func TestCustomers(t *testing.T) {
	p := fresh(t)
	i := p.run(t, customers("customer_id,name,kind,gender,birth_date,region,city,email,phone,external_id,namespace,acquisition\n"+
		"c1, 李雷　,Individual,MALE,1990年5月17日,江苏,南京,Li.Lei@Example.com,１３８１２３４５６７８,m-1,shop,Organic\n"+
		"c2,Ann,enterprise,,--02-29,,,ann+x@example.com,,,,\n"+
		"c3,Masked,,,1990-02-30,,,bad@,138****1234,,,\n"+
		"c4,Twin,,,,,,li.lei@example.com,,,,\n"+
		",Nobody,,,,,,,,,,\n"+
		"c5,Kind,robot,,,,,,,,,\n"+
		"c1,Twice,,,,,,,,,,\n"+
		"c6,"+strings.Repeat("x", 257)+",,,,,,,,,,\n"), 100)
	if i.GetState() != profilev1.ImportState_IMPORT_STATE_DONE || i.GetRows() != 8 || i.GetCreated() != 4 || i.GetRejected() != 4 {
		t.Fatalf("import: %v", i)
	}
	if w := i.GetWarnings(); len(w) != 2 || w[0].GetReason() != "VALUES_LEFT_OUT" || !strings.HasPrefix(w[0].GetMessage(), "3 values") ||
		w[1].GetReason() != "IDENTIFIERS_TAKEN" || !strings.HasPrefix(w[1].GetMessage(), "1 identifiers") {
		t.Fatalf("warnings: %v", w)
	}
	var rejects []string
	for _, r := range asCSV(t, p.rejected(t, i.GetName()))[1:] {
		rejects = append(rejects, fmt.Sprintf("%s %s %.20s %s", r[0], r[1], r[2], r[3]))
	}
	want := []string{
		"3 birth_date 1990-02-30 INVALID_FIELD", "3 email bad@ INVALID_FIELD", "3 phone 138****1234 PHONE_MASKED",
		"4 email li.lei@example.com IDENTIFIER_TAKEN", "5 customer_id  VALUE_MISSING", "6 kind robot VALUE_UNKNOWN",
		"7 customer_id c1 DUPLICATE_IN_FILE", "8 display_name xxxxxxxxxxxxxxxxxxxx INVALID_FIELD",
	}
	if strings.Join(rejects, "\n") != strings.Join(want, "\n") {
		t.Fatalf("rejects:\n%s", strings.Join(rejects, "\n"))
	}
	first, err := p.store.Customers.Get(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	expected := domain.Details{
		DisplayName: "李雷", Kind: domain.Individual, Gender: domain.Male, BirthDate: domain.BirthDate{Year: 1990, Month: 5, Day: 17},
		Region: "江苏", City: "南京", Acquisition: domain.Organic,
		Identifiers: []domain.Identifier{
			{Type: domain.Email, Value: "li.lei@example.com"}, {Type: domain.Phone, Value: "+8613812345678"},
			{Type: domain.ExternalID, Value: "m-1", Namespace: "shop"},
		},
	}
	if !first.SameContent(&expected) {
		t.Fatalf("customer: %+v", first)
	}
	twin, err := p.store.Customers.Get(t.Context(), "c4")
	if err != nil || twin.DisplayName != "Twin" || len(twin.Identifiers) != 0 {
		t.Fatalf("the one whose address is another's: %+v, %v", twin, err)
	}
}

// A column that the file does not have says nothing about the customers.
func TestCustomersColumnsMissing(t *testing.T) {
	p := fresh(t)
	p.run(t, customers("customer_id,display_name,city,email\nc1,Li Lei,Nanjing,li@example.com\n"), 100)
	i := p.run(t, customers("customer_id,display_name\nc1,Lei Li\nc2,Ann\n"), 100)
	if i.GetUpdated() != 1 || i.GetCreated() != 1 {
		t.Fatalf("import: %v", i)
	}
	c, err := p.store.Customers.Get(t.Context(), "c1")
	if err != nil || c.DisplayName != "Lei Li" || c.City != "Nanjing" || len(c.Identifiers) != 1 {
		t.Fatalf("customer: %+v, %v", c, err)
	}
}

// A file may have a column for each field of the record and each attribute.
func TestCustomersWholeRecord(t *testing.T) {
	p := fresh(t)
	i := p.run(t, customers("customer_id,country,education,household_size,interests,social_accounts,address,wechat_openid,wechat_appid,preferred_brands,attr:tier\n"+
		`c1,cn,Bachelor,3,徒步；咖啡、徒步,"[{""platform"":""weibo"",""followers"":1200}]",科技路1号,oX1,wx1,A|B,gold`+"\n"+
		`c2,Narnia,master,many,,"[{""shoe"":1}]",,oX2,,,`+"\n"+
		`c3,,phd,,,,,,,,`+"\n"), 100)
	if i.GetCreated() != 2 || i.GetRejected() != 1 {
		t.Fatalf("import: %v", i)
	}
	var rejects []string
	for _, r := range asCSV(t, p.rejected(t, i.GetName()))[1:] {
		rejects = append(rejects, fmt.Sprintf("%s %s %s", r[0], r[1], r[3]))
	}
	want := []string{"2 country INVALID_FIELD", "2 household_size NUMBER_MALFORMED", "2 social_accounts RECORDS_MALFORMED", "2 wechat_appid INVALID_FIELD", "3 education VALUE_UNKNOWN"}
	if strings.Join(rejects, "\n") != strings.Join(want, "\n") {
		t.Errorf("rejects:\n%s", strings.Join(rejects, "\n"))
	}
	got, err := p.store.Customers.Get(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	expected := domain.Details{
		Country: "CN", Education: "bachelor", HouseholdSize: 3, Interests: []string{"徒步", "咖啡"}, PreferredBrands: []string{"A", "B"},
		SocialAccounts:  []domain.SocialAccount{{Platform: "weibo", Followers: 1200}},
		PostalAddresses: []domain.PostalAddress{{Country: "CN", Line: "科技路1号"}},
		Identifiers:     []domain.Identifier{{Type: domain.WechatOpenID, Value: "oX1", Namespace: "wx1"}},
		Attributes:      map[string]domain.Value{"tier": {Type: domain.TextValue, Text: "gold"}},
	}
	if !got.SameContent(&expected) {
		t.Errorf("customer: %+v", got.Details)
	}
}
