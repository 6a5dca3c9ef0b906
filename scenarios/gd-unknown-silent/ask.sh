#!/bin/sh
# Asks the toolchain what it knows of each GODEBUG setting that is named: in how many of its Go files the setting is written (as a
# quoted name, or with a value), and whether `go build` refuses it in a //go:debug line. (It refuses those of the runtime alone, too.)
set -e
module=$(mktemp -d)
trap 'rm -r "$module"' EXIT
printf 'module example.com/asked\n\ngo 1.21\n' >"$module/go.mod"
for name; do
	sources=$(grep -rlE --include='*.go' "\"$name\"|\\b$name=" "$(go env GOROOT)/src" | wc -l)
	printf '//go:debug %s=1\n\npackage main\n\nfunc main() {}\n' "$name" >"$module/main.go"
	refused=0
	said=$(cd "$module" && go build -n . 2>&1) || refused=1
	echo "sources_with_$name=$sources refused_$name=$refused"
	if [ $refused = 1 ]; then echo "go build: $said"; else echo "go build: no complaint about $name"; fi
done
