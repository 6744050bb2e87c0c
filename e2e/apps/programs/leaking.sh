#!/bin/sh
# A server with a cache that it never empties: /cache/records says how many records of about a kilobyte it keeps with
# every second that passes.
records=/cache/records
[ -e "$records" ] || echo 0 > "$records"

mkdir -p /tmp/www
echo ok > /tmp/www/ready
httpd -f -p 8080 -h /tmp/www &

# In place of this shell: the kernel kills what has grown most, and with its first process the container ends.
exec awk -v records="$records" '
  BEGIN {
    record = sprintf("%1024s", "")
    while (1) {
      if ((getline count < records) < 1) count = 0
      close(records)
      for (i = 0; i < count; i++) kept[size++] = record size
      system("sleep 1")
    }
  }'
