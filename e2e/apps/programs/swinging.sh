#!/bin/sh
# Work that comes and goes as a sine, as long as /work/period says in seconds: nearly idle, nearly all that the limit
# allows, and back again. Nothing is wrong with it.
while ! [ -e /work/period ]; do sleep 1; done
period=$(cat /work/period)
begin=$(date +%s)
while :; do
  # Thousandths. Bhaskara's sine of half a turn, since busybox has none; its square is a sine that begins at its bottom.
  x=$((($(date +%s) - begin) % period * 1000 / period))
  u=$((x * (1000 - x) / 1000))
  sine=$((16000 * u / (5000 - 4 * u)))
  busy=$((20 + 96 * sine / 100 * sine / 1000))
  # busybox's timeout knows whole seconds only.
  while :; do :; done &
  sleep "$(printf '0.%03d' "$busy")"
  kill $!
  sleep "$(printf '0.%03d' $((1000 - busy)))"
done
