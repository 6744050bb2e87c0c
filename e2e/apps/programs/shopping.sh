#!/bin/sh
# Customers of the checkout, as many as /work/customers says. Each of them pays again and again.
customer() {
  while :; do timeout 30 wget -q -O /dev/null "http://$CHECKOUT_SERVICE_HOST:8080/cgi-bin/pay" || sleep 1; done
}

# Where the kubelet had not heard of the service when it made this container; of the next one it has.
[ -n "$CHECKOUT_SERVICE_HOST" ] || exit 1
echo 1 > /work/customers
there=0
while :; do
  wanted=$(cat /work/customers)
  while [ "$there" -lt "$wanted" ]; do
    customer &
    there=$((there + 1))
  done
  sleep 1
done
