package rights

import (
	"bytes"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// file writes an export part by part.
type file interface {
	contentType() string
	begin(*profilev1.PersonalDataExport) error
	part(service string, part *apiv1.PersonalDataPart) error
	end() error
}

// DownloadPersonalDataExport sends the file.
func (s *Server) DownloadPersonalDataExport(r *profilev1.DownloadPersonalDataExportRequest, stream grpc.ServerStreamingServer[httpbody.HttpBody]) error {
	ctx := stream.Context()
	id, err := exportID("name", r.GetName())
	if err != nil {
		return err
	}
	doc, err := s.exports.get(ctx, id, s.now())
	if err != nil {
		return err
	}
	if doc.CompletedAt.IsZero() {
		return fault.New(fault.FailedPrecondition, "EXPORT_RUNNING", "export %q is still being made: wait for operations/%s/export-%s", id, own, id)
	}
	head, err := doc.proto()
	if err != nil {
		return err
	}
	out := &bytes.Buffer{}
	to := newFile(r.GetFormat(), out)
	send := func() error {
		data := bytes.Clone(out.Bytes())
		out.Reset()
		return stream.Send(&httpbody.HttpBody{ContentType: to.contentType(), Data: data})
	}
	if err := to.begin(head); err != nil {
		return err
	}
	for kept, err := range s.exports.each(ctx, doc) {
		if err != nil {
			return err
		}
		part, err := s.exports.open(ctx, doc, kept)
		if err != nil {
			return err
		}
		if err := to.part(kept.Service, part); err != nil {
			return err
		}
		if err := send(); err != nil {
			return err
		}
	}
	if err := to.end(); err != nil {
		return err
	}
	return send()
}

func newFile(format profilev1.PersonalDataFormat, out *bytes.Buffer) file {
	if format == profilev1.PersonalDataFormat_PERSONAL_DATA_FORMAT_HTML {
		return &page{out: out}
	}
	return &object{out: out}
}
