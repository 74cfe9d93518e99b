#!/bin/sh
# Sees to it that moto's server, boto3 and the aws command are there: the machine's own if all three
# are, else in .venv. Nothing outside of the checkout is changed, except Debian's python3-venv.
set -eu

have() {
  "$1" -c 'import moto, flask, boto3, awscli' >/dev/null 2>&1
}

if ! command -v python3 >/dev/null 2>&1; then
  echo "setup: python3 is missing; install Python 3.9 or later" >&2
  exit 1
fi
if have python3 || { [ -x .venv/bin/python3 ] && have .venv/bin/python3; }; then
  exit 0
fi
echo "setup: moto, boto3 and aws into .venv"
if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
  else
    echo "setup: python3 has no venv module; install it (Debian: apt-get install python3-venv)" >&2
    exit 1
  fi
fi
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check 'moto[server]==5.2.1' 'boto3==1.43.11' 'awscli==1.45.11'
have .venv/bin/python3 || { echo "setup: the packages in .venv do not load" >&2; exit 1; }
