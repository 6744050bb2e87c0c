#!/bin/sh
# A client that looks up its dependency once and keeps the address as long as the pod is there, as many a client does.
# When what answered there has moved, its calls lead nowhere. It stays Ready; only its figures tell.
upstream=/data/upstream
mkdir -p /tmp/www
httpd -f -p 8080 -h /tmp/www &

# Where the kubelet had not heard of the service when it made this container; of the next one it has.
[ -n "$STOCK_SERVICE_HOST" ] || exit 1
until [ -s "$upstream" ]; do timeout 5 wget -q -O "$upstream" "http://$STOCK_SERVICE_HOST:8080/address" || sleep 1; done
calls=''
while :; do
  if timeout 2 wget -q -O /dev/null "http://$(cat "$upstream"):8080/address"; then call=0; else call=1; fi
  calls=$(printf '%.10s' "$call$calls")
  echo "$calls" | awk '{ n = length($0); printf "orders_failed_calls_percent %d\n", 100 * gsub(1, "") / n }' > /tmp/metrics.new
  mv /tmp/metrics.new /tmp/www/metrics
  sleep 1
done
