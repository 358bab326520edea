package rpc

import (
	"encoding/json"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

type (
	methodName struct {
		Service string `json:"service"`
		Method  string `json:"method"`
	}
	retryPolicy struct {
		MaxAttempts          int      `json:"maxAttempts"`
		InitialBackoff       string   `json:"initialBackoff"`
		MaxBackoff           string   `json:"maxBackoff"`
		BackoffMultiplier    float64  `json:"backoffMultiplier"`
		RetryableStatusCodes []string `json:"retryableStatusCodes"`
	}
	methodConfig struct {
		Name        []methodName `json:"name"`
		RetryPolicy retryPolicy  `json:"retryPolicy"`
	}
	// throttling stops retries while most calls fail, so that a peer that
	// struggles is not also stormed.
	throttling struct {
		MaxTokens  int     `json:"maxTokens"`
		TokenRatio float64 `json:"tokenRatio"`
	}
)

// serviceConfig spreads calls over the peer's addresses and retries the
// idempotent ones, in gRPC's service config JSON.
func serviceConfig(c ClientConfig) string {
	type object = map[string]any
	config := object{"loadBalancingConfig": []object{{"round_robin": object{}}}}
	if names := idempotentMethods(protoregistry.GlobalFiles); c.Attempts > 1 && len(names) > 0 {
		config["methodConfig"] = []methodConfig{{names, retryPolicy{
			MaxAttempts:    c.Attempts,
			InitialBackoff: "0.05s", MaxBackoff: "0.5s", BackoffMultiplier: 2,
			RetryableStatusCodes: []string{"UNAVAILABLE"},
		}}}
		config["retryThrottling"] = throttling{MaxTokens: 100, TokenRatio: 0.1}
	}
	text, err := json.Marshal(config)
	if err != nil {
		return "{}" // cannot be: the types above have a JSON form
	}
	return string(text)
}

// idempotentMethods lists the unary methods that can be called twice without
// harm: those declared so, and those that are a GET in HTTP.
func idempotentMethods(files *protoregistry.Files) []methodName {
	var names []methodName
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				if m := service.Methods().Get(j); idempotent(m) {
					names = append(names, methodName{string(service.FullName()), string(m.Name())})
				}
			}
		}
		return true
	})
	return names
}

func idempotent(m protoreflect.MethodDescriptor) bool {
	if m.IsStreamingClient() || m.IsStreamingServer() {
		return false
	}
	options, ok := m.Options().(*descriptorpb.MethodOptions)
	if !ok || options == nil {
		return false
	}
	if options.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN {
		return true
	}
	rule, _ := proto.GetExtension(options, annotations.E_Http).(*annotations.HttpRule)
	return rule.GetGet() != ""
}
