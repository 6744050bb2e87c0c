#!/bin/sh
# One of several that all need the same database, and end when it does not answer.
mkdir -p /tmp/www
httpd -f -p 8080 -h /tmp/www &
ask() { timeout 10 wget -q -O /dev/null "http://$RATES_SERVICE_HOST:8080/address"; }

# It may come up later than this one, the first time.
until ask || [ -e /data/begun ]; do sleep 1; done
touch /data/begun
while ask; do
  echo ok > /tmp/www/ready
  sleep 2
done
echo "no answer from the database at $RATES_SERVICE_HOST" >&2
exit 1
