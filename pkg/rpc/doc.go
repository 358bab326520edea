// Package rpc builds the gRPC servers and clients of the suite, so that all of
// them log, trace, bound, validate and fail alike.
//
// A call passes the server's interceptors in this order, from the wire inwards:
//
//  1. telemetry: spans and metrics (a stats handler, outside of all the others)
//  2. decode: a message that is no protobuf is the caller's mistake, not ours
//  3. request id: taken from the caller's x-request-id or made, and sent back
//  4. recover: a panic becomes INTERNAL, logged with its stack
//  5. access log: one line per call; no addresses, no content
//  6. errors: every error becomes a status (see Status); unknown ones are logged here, once
//  7. deadline: a unary call without one gets one, an absurd one is refused
//  8. the server's own: authentication, authorization, audit (see WithInterceptors)
//  9. validation: each message received is held against its protovalidate rules
//
// Errors are mapped outside of deadline, authentication and validation, for
// these answer with faults as handlers do; the log and the recoverer are
// further out, for they need the outcome.
package rpc
