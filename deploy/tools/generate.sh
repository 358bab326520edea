#!/usr/bin/env bash
# Generates gen/ from proto/: Go, the JSON gateway, the merged OpenAPI
# description and the comments that the command line shows. Needs buf and the plugins (deploy/tools/install buf plugins).
#
#   deploy/tools/generate.sh [OUT]    below OUT instead of the repository's root
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=${1:-.}
export PATH="$PWD/.cache/bin:$PATH"

buf generate --output "$out"
# One document for all services; the plugin writes one per proto file.
parts=$out/gen/openapi/parts
find "$parts" -name '*.json' -print0 | sort -z | xargs -0 openapiv3-merge |
  (cd deploy/tools && GOWORK=off go run ./openapi) >"$out/gen/openapi/openapi.json"
rm -r "$parts"

# What the command line says of services, methods and fields.
mkdir -p "$out/gen/comments"
buf build --path proto/kehu -o -#format=json |
  (cd deploy/tools && GOWORK=off go run ./comments) >"$out/gen/comments/comments.json"
