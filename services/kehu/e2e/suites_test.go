package e2e

import (
	"testing"
)

// arrangement is one way to run the suite; open returns the addresses of its
// JSON API and of profile's gRPC API.
type arrangement struct {
	name string
	open func(t *testing.T) (jsonURL, profileGRPC string)
}

// arrangements are the ways that users have to run the suite.
var arrangements = []arrangement{
	{"one process", func(t *testing.T) (string, string) {
		s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
		return "http://" + s.addresses["http"], s.addresses["grpc"]
	}},
	{"six processes", func(t *testing.T) (string, string) {
		dir := t.TempDir()
		peer := map[string]string{}
		for _, service := range []struct {
			name  string
			peers []string
		}{
			{"profile", nil},
			{"valuation", []string{"profile"}},
			{"segmentation", []string{"profile", "valuation"}},
			{"referral", []string{"profile"}},
			{"feedback", []string{"profile", "segmentation"}},
		} {
			args := []string{"--data", dir}
			for _, p := range service.peers {
				args = append(args, "--"+p, peer[p])
			}
			peer[service.name] = start(t, "kehu-"+service.name, args...).addresses["grpc"]
		}
		args := []string{"--http", "127.0.0.1:0"}
		for name, address := range peer {
			args = append(args, "--"+name, address)
		}
		return "http://" + start(t, "kehu-gateway", args...).addresses["http"], peer["profile"]
	}},
}
