#!/bin/sh
# A server that keeps in memory whatever it is told to warm up with, and never lets go of it. How much that is, in
# records of about a kilobyte, is in /cache and read again every second. A sane number lasts for an hour; a bad one takes
# all the memory there is at once, and after every restart anew.
warm_up=/cache/records
[ -e "$warm_up" ] || echo 5 > "$warm_up"

mkdir -p /tmp/www
httpd -f -p 8080 -h /tmp/www &

# In place of this shell: the kernel kills what has grown most, and with its first process the container ends.
exec awk -v warm_up="$warm_up" '
  BEGIN {
    record = sprintf("%1024s", "")
    while (1) {
      if ((getline count < warm_up) < 1) count = 0
      close(warm_up)
      for (i = 0; i < count; i++) kept[size++] = record size
      if (!ready++) {
        print "warmed up with " count " records"
        print "ok" > "/tmp/www/ready"
        close("/tmp/www/ready")
      }
      system("sleep 1")
    }
  }'
