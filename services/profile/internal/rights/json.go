package rights

import (
	"bytes"
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// object is an export as one JSON object:
//
//	{"customer":…,"create_time":…,"sections":[{"service":…,"section":…,"title":…,"title_zh":…,"records":[…]},…]}
type object struct {
	out   *bytes.Buffer
	last  string // service and kind of the section that is open
	parts int
}

func (o *object) contentType() string { return "application/json" }

func (o *object) begin(e *profilev1.PersonalDataExport) error {
	head, err := json.Marshal(map[string]string{
		"customer": e.GetCustomer(), "create_time": e.GetCreateTime().AsTime().Format(timeLayout),
	})
	o.out.Write(head[:len(head)-1])
	o.out.WriteString(`,"sections":[`)
	return err
}

// timeLayout is that of times in JSON.
const timeLayout = "2006-01-02T15:04:05.999Z07:00"

func (o *object) part(service string, p *apiv1.PersonalDataPart) error {
	if this := service + "/" + p.GetSection(); this != o.last {
		o.close()
		if o.last != "" {
			o.out.WriteByte(',')
		}
		head, err := json.Marshal(map[string]string{
			"service": service, "section": p.GetSection(), "title": p.GetTitle(), "title_zh": p.GetTitleZh(),
		})
		if err != nil {
			return err
		}
		o.out.Write(head[:len(head)-1])
		o.out.WriteString(`,"records":[`)
		o.last, o.parts = this, 0
	}
	for _, record := range p.GetRecords() {
		if o.parts++; o.parts > 1 {
			o.out.WriteByte(',')
		}
		raw, err := protojson.Marshal(record)
		if err != nil {
			return err
		}
		o.out.Write(raw)
	}
	return nil
}

func (o *object) close() {
	if o.last != "" {
		o.out.WriteString("]}")
	}
}

func (o *object) end() error {
	o.close()
	o.out.WriteString("]}\n")
	return nil
}
