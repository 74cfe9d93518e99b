#!/bin/sh
# psycopg and PyMySQL, real clients in the tests: the machine's own where its python3 has both, else in
# .build/python. Where they cannot be had, that is said in a line, and their tests skip.
set -eu

to=.build/python

have() {
  [ -x "$1" ] && "$1" -c 'import psycopg, pymysql' >/dev/null 2>&1
}

python=$(command -v python3 || echo none)
if have "$python" || have "$to/bin/python3"; then exit 0; fi

echo "setup: psycopg and PyMySQL into $to"
rm -rf "$to"
if "$python" -m venv "$to" >/dev/null 2>&1 &&
  "$to/bin/pip" install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9' 'PyMySQL==1.2.4' &&
  have "$to/bin/python3"; then
  exit 0
fi
rm -rf "$to"
echo "setup: they could not be installed (Debian: apt-get install python3-venv); what needs them is skipped"
