package exporter

import (
	"bytes"
	"context"
	"io"
	"iter"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Span is the part of an export: a range of customers, and of time.
type Span struct {
	From, To   string // customers, in the order of escaped ids; empty is open
	Start, End time.Time
	// Allowed reports whether a customer is to be in the export: it is asked once or
	// more for each customer of whom there is something, in the order of their
	// escaped ids, and counts those who are not.
	Allowed func(customer string) (bool, error)
}

// Holds reports whether an instant lies in the span.
func (s Span) Holds(t time.Time) bool {
	return !t.Before(s.Start) && (s.End.IsZero() || t.Before(s.End))
}

// Records are what an export of one kind sends, as the API shows them.
type Records func(ctx context.Context, span Span) iter.Seq2[proto.Message, error]

// Sources are the records of each kind.
type Sources struct{ Customers, Orders, Events Records }

// Consents tell which customers allow a purpose.
type Consents interface {
	// PurposeIn is the id of the purpose named in a field of a request.
	PurposeIn(ctx context.Context, field, name string) (string, error)
	// Along answers for customers in the order of their escaped ids, from one on,
	// until it is stopped.
	Along(ctx context.Context, purpose, from string) (allowed func(customer string) (bool, error), stop func(), err error)
}

// Server answers the ExportService.
type Server struct {
	profilev1.UnimplementedExportServiceServer
	sources  Sources
	consents Consents
}

// NewServer makes the ExportService.
func NewServer(s Sources, c Consents) *Server { return &Server{sources: s, consents: c} }

// DownloadExport sends one file.
func (s *Server) DownloadExport(r *profilev1.DownloadExportRequest, stream grpc.ServerStreamingServer[httpbody.HttpBody]) error {
	span, err := spanOf(r)
	if err != nil {
		return err
	}
	heed, stop, err := s.heeding(stream.Context(), r)
	if err != nil {
		return err
	}
	defer stop()
	span.Allowed = heed.allows
	records, columns, name := s.of(r.GetKind())
	to := &body{stream: stream}
	out, contentType, err := open(to, r.GetFormat(), name, columns)
	if err != nil {
		return err
	}
	to.contentType = contentType
	for m, err := range records(stream.Context(), span) {
		if err == nil {
			err = out.write(m)
		}
		if err != nil {
			return err
		}
	}
	if err := out.close(); err != nil {
		return err
	}
	if r.GetPurpose() != "" {
		stream.SetTrailer(metadata.Pairs(ExcludedTrailer, strconv.FormatInt(heed.excluded, 10)))
	}
	return to.flush()
}

func (s *Server) of(kind profilev1.ExportKind) (Records, []column, string) {
	switch kind {
	case profilev1.ExportKind_EXPORT_KIND_ORDERS:
		return s.sources.Orders, orderTable(), "orders"
	case profilev1.ExportKind_EXPORT_KIND_EVENTS:
		return s.sources.Events, eventTable(), "events"
	}
	return s.sources.Customers, customerTable(), "customers"
}

func open(w io.Writer, format profilev1.ExportFormat, name string, columns []column) (file, string, error) {
	switch format {
	case profilev1.ExportFormat_EXPORT_FORMAT_JSONL:
		return &jsonLines{to: w}, "application/jsonl", nil
	case profilev1.ExportFormat_EXPORT_FORMAT_PARQUET:
		return newParquet(w, name, columns), "application/vnd.apache.parquet", nil
	}
	f, err := newCSV(w, columns)
	return f, "text/csv; charset=utf-8", err
}

func spanOf(r *profilev1.DownloadExportRequest) (Span, error) {
	s := Span{From: r.GetRange().GetFrom(), To: r.GetRange().GetTo()}
	for field, given := range map[string]*timestamppb.Timestamp{"start_time": r.GetStartTime(), "end_time": r.GetEndTime()} {
		switch {
		case given == nil:
		case given.CheckValid() != nil:
			return s, fault.Invalid(field, "must be an instant between the years 1 and 9999")
		case r.GetKind() == profilev1.ExportKind_EXPORT_KIND_CUSTOMERS:
			return s, fault.Invalid(field, "must not be given for customers, of which there is only what they are now")
		case field == "start_time":
			s.Start = given.AsTime()
		default:
			s.End = given.AsTime()
		}
	}
	if !s.End.IsZero() && s.End.Before(s.Start) {
		return s, fault.Invalid("end_time", "must not be before start_time")
	}
	return s, nil
}

// partBytes is about the size of a message.
const partBytes = 64 << 10

// body sends what is written to it in parts.
type body struct {
	stream      grpc.ServerStreamingServer[httpbody.HttpBody]
	contentType string
	held        bytes.Buffer
}

func (b *body) Write(p []byte) (int, error) {
	b.held.Write(p)
	for b.held.Len() >= partBytes {
		if err := b.send(b.held.Next(partBytes)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (b *body) flush() error {
	if b.held.Len() == 0 {
		return nil
	}
	return b.send(b.held.Next(b.held.Len()))
}

func (b *body) send(part []byte) error {
	return b.stream.Send(&httpbody.HttpBody{ContentType: b.contentType, Data: bytes.Clone(part)})
}
