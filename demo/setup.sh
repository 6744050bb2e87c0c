#!/usr/bin/env bash
# A cluster with KubeSkippy installed, and in it the apps of the demonstration with their policies. NAME=x for another
# cluster than demo; `make down NAME=demo` removes it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
name=${NAME:-demo}
shell=$(make --no-print-directory up NAME="$name")
eval "$shell"
kubectl apply -k e2e/apps
kubectl wait -n demo-apps --for=condition=Available --timeout=180s deployment --all
kubeskippy enable -n demo-apps
kubectl apply -f e2e/demo/policies/safe
cat <<EOF

From $PWD:

For your shell:     eval "\$(make up NAME=$name)"
To watch:           ${NAME:+NAME=$NAME }demo/monitor.sh
To break an app:    kubectl exec -n demo-apps deploy/stale-lock -- sh -c 'kill -SEGV "\$(cat /data/server.lock)"'
To remove it all:   make down NAME=$name
EOF
