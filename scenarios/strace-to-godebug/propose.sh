#!/bin/sh
# Runs a command under strace and proposes a GODEBUG by the two patterns of the document, in its order: the first line that matches
# decides. Says also how often each pattern, and what it may have meant, was there.
strace -f -e trace=futex,epoll_wait,epoll_pwait -o "$TMPDIR/trace" "$@" || exit
awk '/futex.*FUTEX_WAIT_PRIVATE/ {print "GODEBUG=schedtrace=1000"; exit} \
     /epoll_wait.*-1/ {print "GODEBUG=netdns=go+2"; exit}' "$TMPDIR/trace" >"$TMPDIR/proposal"
echo "proposal: $(cat "$TMPDIR/proposal")."
lines() { grep -cE "$1" "$TMPDIR/trace"; }
echo "futex_waits=$(lines 'futex.*FUTEX_WAIT_PRIVATE')" \
	"epoll_wait_forever=$(lines 'epoll_wait.*-1')" \
	"epoll_pwait_forever=$(lines 'epoll_pwait.*, -1, NULL')"
