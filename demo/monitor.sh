#!/usr/bin/env bash
# Policies and what they decide, as it changes: kubeskippy top, of the cluster of demo/setup.sh. In a pipe it is one table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
shell=$(node_modules/.bin/node e2e/run/main.ts env --name "${NAME:-demo}")
eval "$shell"
exec kubeskippy top -n demo-apps "$@"
