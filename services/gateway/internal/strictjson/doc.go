// Package strictjson holds a JSON text against a message type, in one pass and
// before anything is decoded, so that a caller hears which field is wrong and
// what would be right.
//
// It takes what the proto3 JSON mapping (protojson) takes, less what that
// mapping lets through although it may mean something else to the sender:
//
//   - whole numbers written as 1.0 or 1e2, and 64-bit ones beyond ±2^53 that are
//     no strings: many languages have rounded them before they were sent
//   - numbers of enums that name no value
//   - "NaN" and "Infinity"
//   - U+0000 in strings, and line breaks in base64
//   - nesting deeper than MaxDepth
package strictjson
