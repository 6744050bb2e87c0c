#!/bin/sh
# A server that refuses to run by a configuration that it does not understand.
case "$PORT" in
  '' | *[!0-9]*)
    echo "bad configuration: PORT is \"$PORT\", which is no number" >&2
    exit 78
    ;;
esac

httpd -f -p "$PORT" -h /tmp &
server=$!
echo "serving on port $PORT"

trap 'kill "$server"; exit 0' TERM
wait "$server"
