#!/bin/sh
# A server that guards its data by a lock file, as databases and package managers do. An orderly stop removes the
# lock; a crash leaves it, and from then on every start in the same data directory is refused.
lock=/data/server.lock

if [ -e "$lock" ]; then
  echo "refusing to start: $lock is held by process $(cat "$lock")" >&2
  exit 1
fi

httpd -f -p 8080 -h /tmp &
server=$!
echo "$server" > "$lock"
echo "serving as process $server"

trap 'kill "$server"; rm -f "$lock"; echo "stopped in order"; exit 0' TERM
wait "$server"
status=$?
echo "the server crashed with status $status" >&2
exit "$status"
