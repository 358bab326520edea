package gateway_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// BenchmarkGet compares a read through the gateway with the same read by gRPC,
// and with a handler that answers the same bytes without any gateway.
func BenchmarkGet(b *testing.B) {
	w := start(b)
	w.customers.save(&profilev1.Customer{Name: "customers/1", DisplayName: "王芳", City: "深圳"})
	body := w.send("GET", "/v1/customers/1", "").body

	b.Run("gateway", func(b *testing.B) { get(b, w.client, w.url+"/v1/customers/1") })
	b.Run("http", func(b *testing.B) {
		plain := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(body) })}
		get(b, w.client, listen(b, plain.Serve, plain.Close)+"/")
	})
	b.Run("grpc", func(b *testing.B) {
		server := grpc.NewServer()
		profilev1.RegisterCustomerServiceServer(server, w.customers)
		address := listen(b, server.Serve, func() error { server.Stop(); return nil })
		conn, err := grpc.NewClient(strings.TrimPrefix(address, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		client := profilev1.NewCustomerServiceClient(conn)
		for b.Loop() {
			if _, err := client.GetCustomer(context.Background(), &profilev1.GetCustomerRequest{Name: "customers/1"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func get(b *testing.B, client *http.Client, url string) {
	for b.Loop() {
		response, err := client.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
			b.Fatal(response.Status, err)
		}
		_ = response.Body.Close()
	}
}
