#!/bin/sh
# A checkout with one till: one customer a second, all others wait in line. It tells how many there are.
mkdir -p /tmp/line /tmp/www/cgi-bin
cat > /tmp/www/cgi-bin/pay <<'EOF'
#!/bin/sh
touch "/tmp/line/$$"
until mkdir /tmp/till 2> /dev/null; do usleep 100000; done
sleep 1
rmdir /tmp/till
rm "/tmp/line/$$"
printf 'Content-Type: text/plain\r\n\r\npaid\n'
EOF
cat > /tmp/www/cgi-bin/metrics <<'EOF'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\ncheckout_customers %d\n' "$(ls /tmp/line | wc -l)"
EOF
chmod +x /tmp/www/cgi-bin/*
exec httpd -f -p 8080 -h /tmp/www
