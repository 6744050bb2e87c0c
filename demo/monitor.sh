#!/usr/bin/env bash
# Policies and what they decide, as it changes: kubeskippy top, of the cluster of demo/setup.sh. In a pipe it is one table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
make --no-print-directory --silent install-deps
shell=$(node_modules/.bin/node e2e/run/main.ts env --name "${NAME:-demo}") || { echo "or, with the apps: ${NAME:+NAME=$NAME }demo/setup.sh" >&2; exit 1; }
eval "$shell"
exec kubeskippy top -n demo-apps "$@"
