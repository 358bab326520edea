package e2e

import (
	"strings"
	"testing"
)

// TestDuplicates finds, accepts and dismisses, over JSON and on the command line.
func TestDuplicates(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	c := client{t, "http://" + s.addresses["http"]}
	person := func(id, name, phone string) {
		c.post("/v1/customers?customerId="+id, map[string]any{
			"displayName": name, "kind": "CUSTOMER_KIND_INDIVIDUAL", "city": "深圳",
			"birthDate":       map[string]any{"year": 1990, "month": 5, "day": 7},
			"postalAddresses": []any{map[string]any{"line": "科技园路88号3栋2单元1201室", "city": "深圳", "phone": phone}},
		})
	}
	person("f1", "王芳", "13812345678")
	person("f2", "Fang Wang", "138 1234 5678")
	person("m1", "赵敏", "138****5678")
	c.do("POST", "/v1/customers/f1:findDuplicates", map[string]any{}).refused(400, "DUPLICATES_NOT_INDEXED")
	command := func(args ...string) string {
		t.Helper()
		out, errs, code := kehu(t, append(append([]string{"duplicates"}, args...), "--server", s.addresses["grpc"], "--lang", "zh")...)
		if code != 0 {
			t.Fatalf("duplicates %q: exit %d\n%s", args, code, errs)
		}
		return out
	}
	if out := command("find"); !strings.Contains(out, "3") || !strings.Contains(out, "kehu duplicates list") {
		t.Errorf("find says %s", out)
	}
	list := command("list")
	for _, want := range []string{"customers/f1 王芳", "customers/f2 Fang Wang", "读音相同", "电话:相同"} {
		if !strings.Contains(strings.ReplaceAll(list, "  ", " "), want) {
			t.Errorf("the list does not say %q:\n%s", want, list)
		}
	}
	if strings.Contains(list, "赵敏") {
		t.Errorf("a masked phone number counts:\n%s", list)
	}
	pair := c.get("/v1/duplicateCandidates").list("duplicateCandidates")[0]
	name, _ := pair["name"].(string)
	c.get("/v1/"+name).want("DUPLICATE_STATE_OPEN", "state")
	c.post("/v1/customers/f2:findDuplicates", map[string]any{})

	command("dismiss", name)
	c.do("POST", "/v1/"+name+":accept", map[string]any{}).refused(400, "DUPLICATE_CANDIDATE_RESOLVED")
	if out := command("list"); strings.Contains(out, "f1") {
		t.Errorf("dismissed, and still listed:\n%s", out)
	}
	c.do("POST", "/v1/duplicateCandidates/none:dismiss", map[string]any{}).refused(404, "DUPLICATE_CANDIDATE_NOT_FOUND")

	person("g1", "欧阳静怡", "13911112222")
	person("g2", "欧阳静怡", "13911112222")
	if out := command("check", "g2"); strings.Contains(out, "g1") {
		t.Errorf("g1 is not known before a search:\n%s", out)
	}
	command("find")
	fields := strings.Fields(command("check", "g1"))
	accepted := command("accept", fields[0], "--survivor", "g2")
	if !strings.Contains(accepted, "mergeRecords/") {
		t.Errorf("accept says %s", accepted)
	}
	c.get("/v1/customers/g1").want("customers/g2", "name")
}
