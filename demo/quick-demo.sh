#!/usr/bin/env bash
# The demonstration with two of its apps, or with those that are named: demo/quick-demo.sh leak checkout
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec make --no-print-directory demo NAME="${NAME:-demo}" ONLY="${*:-stale-lock bystander}"
