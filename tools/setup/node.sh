#!/bin/sh
# Installs the project's npm packages, among them the Node that it runs on.
set -eu

if ! command -v npm >/dev/null 2>&1; then
  echo "setup: npm is missing; install Node 20 or later with npm" >&2
  exit 1
fi
echo "setup: npm packages"
npm ci --no-audit --no-fund --loglevel=error

node=node_modules/node/bin/node
if ! "$node" --version >/dev/null 2>&1; then
  # npm held the install script back that puts the binary in place.
  npm rebuild node --foreground-scripts --loglevel=error || true
fi
case $("$node" --version 2>/dev/null || echo none) in
  v24.*) ;;
  *)
    echo "setup: the 'node' package did not install Node 24; run 'npm rebuild node' and read its output" >&2
    exit 1
    ;;
esac
