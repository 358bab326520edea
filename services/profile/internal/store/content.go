package store

import (
	"bytes"
	"reflect"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// emptyContent is how long a BSON document without fields is.
const emptyContent = 5

// encodeContent writes what describes a person: a struct whose fields are named
// by their json tags, the empty ones left out; v points to it. Nothing at all is nil.
func encodeContent(v any) ([]byte, error) {
	if reflect.ValueOf(v).Elem().IsZero() {
		return nil, nil // most customers that orders bring along
	}
	var buffer bytes.Buffer
	e := bson.NewEncoder(bson.NewDocumentWriter(&buffer))
	e.UseJSONStructTags()
	e.OmitEmpty()
	e.OmitZeroStruct()
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	if buffer.Len() == emptyContent {
		return nil, nil
	}
	return buffer.Bytes(), nil
}

// decodeContent reads what encodeContent wrote into v.
func decodeContent(content []byte, v any) error {
	if len(content) == 0 {
		return nil
	}
	d := bson.NewDecoder(bson.NewDocumentReader(bytes.NewReader(content)))
	d.UseJSONStructTags()
	return d.Decode(v)
}
