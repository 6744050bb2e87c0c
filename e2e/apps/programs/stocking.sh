#!/bin/sh
# What others depend on; it tells its own address to whoever asks.
mkdir -p /tmp/www
echo "$POD_IP" > /tmp/www/address
exec httpd -f -p 8080 -h /tmp/www
