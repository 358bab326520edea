package importer_test

import (
	"slices"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// What the beginning of a file told about its format is known wherever reading
// goes on, be it a byte order mark alone or an encoding that shows late.
func TestFormatIsKeptBetweenChunks(t *testing.T) {
	const header = "order_id;customer_id;order_time;amount;currency\n"
	chinese, err := simplifiedchinese.GB18030.NewEncoder().String("o2;张三丰;2025-03-14;1.00;CNY\no3;女;2025-03-15;1.00;CNY\no4;Z女;2025-03-15;1.00;CNY\n")
	if err != nil {
		t.Fatal(err)
	}
	bom := "\xef\xbb\xbf" + header + "o1;客户;2025-03-14;1.00;CNY\n"
	for _, test := range []struct {
		data   string
		stated profilev1.FileEncoding
		cuts   []int
		want   []string
	}{
		{bom, profilev1.FileEncoding_FILE_ENCODING_GB18030, []int{10, len(bom) - 5}, []string{"客户/o1"}},
		{header + "o1;c1;2025-03-14;1.00;CNY\n" + chinese, profilev1.FileEncoding_FILE_ENCODING_UNSPECIFIED,
			[]int{len(header) + 30, len(header) + 60, len(header) + 90}, []string{"Z女/o4", "c1/o1", "女/o3", "张三丰/o2"}},
	} {
		p := fresh(t)
		f := orders(test.data)
		f.Format = &profilev1.FileFormat{Encoding: test.stated}
		i := p.create(t, f)
		durable := int64(0)
		for _, cut := range append(test.cuts, len(test.data)) {
			durable = p.append(t, f, i.GetName(), durable, cut-int(durable)).GetDurableBytes()
		}
		if i = p.finished(t, i.GetName()); i.GetCreated() != int64(len(test.want)) || i.GetRejected() != 0 {
			t.Fatalf("%v", i)
		}
		for _, o := range p.stored(t) {
			if got := o.Customer + "/" + o.ID; !slices.Contains(test.want, got) {
				t.Errorf("order %q, want one of %q", got, test.want)
			}
		}
	}
}
