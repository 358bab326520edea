#!/bin/sh
# Builds the MongoDB stand-in into target/. Runs without a network once Maven has
# the artifacts. See docs/storage.md.
set -eu
cd "${0%/*}"

missing=
command -v java >/dev/null 2>&1 || missing="a Java runtime, 17 or later (java)"
command -v javac >/dev/null 2>&1 || missing="${missing:+$missing, }a Java compiler, 17 or later (javac)"
command -v mvn >/dev/null 2>&1 || missing="${missing:+$missing, }Maven (mvn)"
if [ -n "$missing" ]; then
	echo "mongo-standin: cannot be built here, missing: $missing" >&2
	exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The offline attempt spares a look at the repositories on every build.
if ! mvn -q -B -o package >"$log" 2>&1 && ! mvn -q -B package >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
echo "built $(pwd)/target/mongo-standin.jar"
