package importer

import "testing"

func TestOrderKey(t *testing.T) {
	for text, want := range map[string]string{
		"2024111100012345678": "2024111100012345678", " A-1\t": "A-1", `="00123"`: "00123", "'00123": "00123", `="'1"`: "'1", "'x": "'x",
		"１２３": "１２３", "#1001": "#1001", "3E10": "3E10", "E+18": "E+18", "1.5": "1.5", "12E+18": "12E+18", "7.0": "7.0",
		"1.23E+18": "!ORDER_ID_ROUNDED", "1.23457E+17": "!ORDER_ID_ROUNDED", "1E+18": "!ORDER_ID_ROUNDED", "1.2e+17": "!ORDER_ID_ROUNDED", "4.0128e+10": "4.0128e+10",
		"1.23E18": "!ORDER_ID_ROUNDED", `="1.23E+18"`: "!ORDER_ID_ROUNDED",
		"": "!VALUE_MISSING", " ": "!VALUE_MISSING", `=""`: "!VALUE_MISSING",
	} {
		got, f := orderKey("order_id", text)
		if f != nil {
			got = "!" + f.Reason
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestRoundedAndMasked(t *testing.T) {
	for id, want := range map[string]bool{
		"2024111100012345000": true, "1234567890123000": true, "123456789012000": false, "2024111100012345678": false,
		"A024111100012345000": false, "": false, "000": false,
	} {
		if roundedID(id) != want {
			t.Errorf("rounded %q: %t", id, !want)
		}
	}
	for value, want := range map[string]bool{
		"138****1234": true, "张**": true, "张＊＊": true, "t**8": true, "••••1234": true, "13812345678": false, "张三": false, "": false,
	} {
		if masked(value) != want {
			t.Errorf("masked %q: %t", value, !want)
		}
	}
}
