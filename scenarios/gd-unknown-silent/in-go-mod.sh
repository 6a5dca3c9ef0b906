#!/bin/sh
# Asks for the build of a program whose go.mod has this GODEBUG setting, and says how that ended.
module=$(mktemp -d)
trap 'rm -r "$module"' EXIT
printf 'module example.com/asked\n\ngo 1.23\n\ngodebug %s=1\n' "$1" >"$module/go.mod"
printf 'package main\n\nfunc main() {}\n' >"$module/main.go"
said=$(cd "$module" && go build -n . 2>&1)
refused=$?
if [ $refused != 0 ]; then echo "$said"; fi
echo "refused_in_go_mod=$refused"
