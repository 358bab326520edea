package suite

import (
	"regexp"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
)

// TestEveryMethodDeclaresItsPermission looks at the services that are compiled in.
func TestEveryMethodDeclaresItsPermission(t *testing.T) {
	form := regexp.MustCompile(`^(profile|valuation|segmentation|referral|feedback)\.[a-z_]+\.[a-z]+$`)
	methods := 0
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if file.Package().Parent().Parent() != "kehu" {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				methods++
				permission, _ := proto.GetExtension(method.Options(), apiv1.E_Permission).(string)
				if !form.MatchString(permission) {
					t.Errorf("%s declares the permission %q; want service.resource.verb", method.FullName(), permission)
				}
			}
		}
		return true
	})
	if methods < 50 {
		t.Errorf("only %d methods were looked at", methods)
	}
}
