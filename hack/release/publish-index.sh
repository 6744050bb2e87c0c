#!/usr/bin/env bash
# Adds the chart in a folder to the index of charts on the branch gh-pages of origin, which is made when it is not there.
#
#     hack/release/publish-index.sh FOLDER URL     URL: where the archives of that folder are served
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 FOLDER URL" >&2; exit 2; }
charts=$(ls "$1"/kubeskippy-[0-9]*.tgz)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/charts"
cp $charts "$work/charts"
origin=$(git remote get-url origin)
if git ls-remote --exit-code --heads origin gh-pages >/dev/null; then
  git clone --quiet --depth 1 --branch gh-pages "$origin" "$work/pages"
else
  git init --quiet --initial-branch gh-pages "$work/pages"
  git -C "$work/pages" remote add origin "$origin"
fi
# What a checkout on a runner knows of who pushes.
for key in user.name user.email http.https://github.com/.extraheader; do
  if value=$(git config --get "$key"); then git -C "$work/pages" config "$key" "$value"; fi
done

merge=()
if [ -e "$work/pages/index.yaml" ]; then merge=(--merge "$work/pages/index.yaml"); fi
helm repo index "$work/charts" --url "$2" "${merge[@]}"
cp "$work/charts/index.yaml" "$work/pages/index.yaml"
git -C "$work/pages" add index.yaml
if git -C "$work/pages" diff --cached --quiet; then echo "the index knows this chart already"; exit 0; fi
git -C "$work/pages" commit --quiet --message "Index $(basename -a $charts | tr '\n' ' ')"
git -C "$work/pages" push --quiet origin gh-pages
