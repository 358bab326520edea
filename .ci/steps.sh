# The steps of .ci/test, which sources this file. Each runs in a subshell with
# errexit, in $root; it leaves by `skip REASON` when it cannot do its work here,
# and notes with `note_skip TEXT` a part of it that it cannot do.
# shellcheck shell=bash

about() {
  case $1 in
    testdata) echo "the reference data sets are there" ;;
    format) echo "gofmt" ;;
    protos) echo "buf lint, format and breaking changes" ;;
    generated) echo "generated code is up to date" ;;
    vet) echo "go vet" ;;
    lint) echo "golangci-lint: style, import rules, sizes" ;;
    modules) echo "every module builds by itself" ;;
    platforms) echo "kehu builds for Windows" ;;
    tidy) echo "go.mod and go.sum are tidy" ;;
    mongo) echo "a MongoDB for the tests" ;;
    browser) echo "a browser for the tests" ;;
    sdk) echo "an SDK for the tests" ;;
    unit) echo "tests of every module" ;;
    e2e) echo "end-to-end tests against the built binaries" ;;
  esac
}

skip() {
  echo "$1" >"$scratch/reason"
  exit "$SKIPPED"
}

note_skip() { echo "$1" >>"$skips"; }

# Installs tools, or skips the step with the reason the installer gave.
tools() {
  deploy/tools/install "$@" 2>"$scratch/install.log" && return
  cat "$scratch/install.log" >&2
  skip "$* could not be installed: $(tail -n 1 "$scratch/install.log")"
}

go_modules() {
  find . -name go.mod -not -path './.cache/*' | xargs -n1 dirname | sort
}

# The packages of the workspace but for the end-to-end tests, which run by themselves.
unit_packages() { go list work | grep -v '/services/kehu/e2e'; }

step_testdata() {
  [[ -d $KEHU_TESTDATA ]] || skip "no folder $KEHU_TESTDATA: set KEHU_TESTDATA"
  [[ -f $KEHU_TESTDATA/data/README.md ]] || { echo "$KEHU_TESTDATA has no data/README.md"; return 1; }
}

step_format() {
  local unformatted
  unformatted=$(gofmt -l deploy gen pkg services)
  [[ -z $unformatted ]] || { echo "gofmt would change:"; echo "$unformatted"; return 1; }
}

step_protos() {
  tools buf
  buf lint
  buf format --diff --exit-code --path proto/kehu
  [[ -f proto/baseline.binpb ]] || { echo "no proto/baseline.binpb: make baseline takes one"; return 1; }
  # An image against an image: buf does not compare several modules with one image.
  buf build --path proto/kehu -o "$scratch/now.binpb"
  buf breaking "$scratch/now.binpb" --against proto/baseline.binpb --exclude-imports
}

step_generated() {
  tools buf plugins
  deploy/tools/generate.sh "$scratch/generated"
  # embed.go, go.mod and go.sum are what gen/ holds that is not generated.
  diff -r -x embed.go -x go.mod -x go.sum gen "$scratch/generated/gen" || { echo "run make generate"; return 1; }
}

step_vet() {
  go vet work
  (cd deploy/tools && GOWORK=off go vet ./...)
}

step_lint() {
  tools golangci-lint
  # golangci-lint knows no "work" pattern: the modules are named one by one.
  golangci-lint run $(go_modules | grep -E '^\./(pkg|services/)' | sed 's,$,/...,')
  (cd deploy/tools && GOWORK=off golangci-lint run --config ../../.golangci.yaml ./...)
}

step_modules() {
  local dir broken=0
  for dir in $(go_modules); do
    echo "$dir"
    (cd "$dir" && GOWORK=off go build -o /dev/null ./...) || broken=1
  done
  return "$broken"
}

# The platform of make release that is least like those of the developers.
step_platforms() { GOOS=windows GOARCH=arm64 go build -trimpath -o /dev/null ./services/kehu/cmd/kehu; }

step_tidy() {
  local dir untidy=0
  for dir in $(go_modules); do
    (cd "$dir" && GOWORK=off go mod tidy -diff) >"$scratch/tidy.diff" 2>"$scratch/tidy.err" && continue
    if [[ ! -s $scratch/tidy.diff ]] && grep -Eq 'dial tcp|no such host|module lookup disabled' "$scratch/tidy.err"; then
      skip "the module proxy cannot be reached"
    fi
    untidy=1
    echo "$dir is not tidy: run make tidy"
    cat "$scratch/tidy.err"
    head -n 40 "$scratch/tidy.diff"
  done
  return "$untidy"
}

step_mongo() {
  [[ -z ${KEHU_TEST_MONGODB_URI:-} ]] || { echo "using the server of KEHU_TEST_MONGODB_URI"; return; }
  command -v java >/dev/null || skip "no KEHU_TEST_MONGODB_URI, and the stand-in needs java"
  command -v mvn >/dev/null || skip "no KEHU_TEST_MONGODB_URI, and building the stand-in needs mvn"
  deploy/mongo-standin/build.sh || skip "no KEHU_TEST_MONGODB_URI, and the stand-in could not be built (see above)"
}

step_browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && { echo "using $(command -v "$name")"; return; }
  done
  command -v apt-get >/dev/null && [[ $(id -u) -eq 0 ]] || skip "no Chromium on PATH, and only root with apt-get can install one"
  export DEBIAN_FRONTEND=noninteractive
  # The fonts are for whoever looks at a picture of the report.
  apt-get -qq update && apt-get -qq -y install --no-install-recommends chromium fonts-noto-cjk >/dev/null ||
    skip "chromium could not be installed (see above)"
}

# Segment's SDK for Node, which a test points at the gateway.
step_sdk() {
  command -v node >/dev/null || skip "the SDK of Segment needs node"
  tools segment
}

# go_test PACKAGE…: with the race detector where there is a C compiler for it.
go_test() {
  local flags=(-json -timeout 20m) cgo=0
  if command -v "$(go env CC)" >/dev/null; then
    flags+=(-race) cgo=1
  else
    note_skip "race detector: no C compiler ($(go env CC)) on PATH"
  fi
  [[ -z ${CI:-} ]] || flags+=(-count=1)
  CGO_ENABLED=$cgo go test "${flags[@]}" "$@" | testsum -skips "$skips"
}

step_unit() {
  deploy/tools/install testsum
  (cd deploy/tools && GOWORK=off go_test ./...)
  go_test $(unit_packages)
}

step_e2e() {
  deploy/tools/install testsum
  make --no-print-directory build
  # The binaries are no part of what go test keys its cache by.
  KEHU_BIN=$root/bin go_test -count=1 ./services/kehu/e2e/...
}
