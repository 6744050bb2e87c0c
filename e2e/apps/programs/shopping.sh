#!/bin/sh
# Customers of the checkout, as many as /work/customers says. Each of them pays again and again.
customer() {
  while :; do wget -q -O /dev/null "http://$CHECKOUT_SERVICE_HOST:8080/cgi-bin/pay" || sleep 1; done
}

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
