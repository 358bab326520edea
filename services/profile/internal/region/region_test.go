package region

import (
	"slices"
	"testing"
)

func TestProvincesOf(t *testing.T) {
	for city, want := range map[string][]string{
		"深圳": {"广东"}, "深圳市": {"广东"}, " 上海市": {"上海"}, "延边朝鲜族自治州": {"吉林"}, "锡林郭勒盟": {"内蒙古"},
		"大兴安岭地区": {"黑龙江"}, "吉林市": {"吉林"}, "Paris": nil, "": nil, "市": nil, "海南藏族自治州": {"青海"},
	} {
		if got := ProvincesOf(city); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", city, got, want)
		}
	}
}

func TestProvince(t *testing.T) {
	for name, want := range map[string]bool{
		"广东": true, "广东省": true, "广西壮族自治区": true, "内蒙古自治区": true, "新疆维吾尔自治区": true, "北京市": true,
		"香港特别行政区": true, "深圳": false, "": false, "CA": false,
	} {
		if Province(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if len(cities) != 34 {
		t.Errorf("%d provinces, want 34", len(cities))
	}
}
