# The pinned versions of the tools that are not Go modules of ours; sourced by
# deploy/tools/install. The protoc plugins are pinned in plugins/go.mod.
BUF_VERSION=1.75.0
GOLANGCI_LINT_VERSION=2.15.0
# @segment/analytics-node, which the end-to-end tests point at the gateway.
SEGMENT_SDK_VERSION=3.1.0
