#!/bin/sh
# Sees to it that the tests have their databases and the clients of those: the machine's own, else
# Debian's packages where this is root, and for PostgreSQL npm's binaries where there is neither. What
# cannot be had is said in one line, and is no failure: its tests skip. No service is started, and no
# database of the machine is made or touched: tests start servers of their own, and end them.
#   databases.sh        for the tests and the demo
#   databases.sh bench  and what only the benchmarks compare with
set -eu

LOG=.build/databases.log
missing=''

say() {
  echo "setup: $*"
}

# Debian keeps servers off the path.
has() { # program…
  for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 || off_path "$program" || return 1
  done
}

off_path() { # program
  for folder in /usr/sbin /usr/lib/postgresql/*/bin; do
    if [ -x "$folder/$1" ]; then return 0; fi
  done
  return 1
}

need() { # package
  case " $missing " in
    *" $1 "*) ;;
    *) missing="${missing:+$missing }$1" ;;
  esac
}

# `mariadb-server-core` is the server of `mariadb-server` without the service.
look() { # tests or bench
  missing=''
  has initdb pgbench || need postgresql
  has psql pg_dump || need postgresql-client
  has mariadbd mariadb-install-db || need mariadb-server-core
  has mysql mariadb-dump || need mariadb-client
  if has java; then
    [ -e "${POSTGRESQL_JDBC_JAR:-/usr/share/java/postgresql.jar}" ] || need libpostgresql-jdbc-java
    [ -e "${MARIADB_JDBC_JAR:-/usr/share/java/mariadb-java-client.jar}" ] || need libmariadb-java
  fi
  if [ "$1" = bench ]; then
    has pgbouncer || need pgbouncer
    has sysbench || need sysbench
  fi
}

install_all() { # package…
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold -o Acquire::Retries=0 "$@" >>"$LOG" 2>&1
}

# Together, else with fresh lists, else each by itself: one that a release lacks keeps no other away.
# Without a network, that ends at the lists.
install_debian() { # package…
  mkdir -p .build
  : >"$LOG"
  install_all "$@" && return
  apt-get update -o APT::Update::Error-Mode=any -o Acquire::Retries=0 >>"$LOG" 2>&1 || return 0
  install_all "$@" && return
  for package in "$@"; do
    install_all "$package" || true
  done
}

POLICY=/usr/sbin/policy-rc.d
CLUSTERS=/etc/postgresql-common/createcluster.d
KEPT=''

# Installing starts no service (Debian asks policy-rc.d), and makes no cluster. Where this is killed in the
# middle, what is left here lets services start again: it holds for as long as this process runs.
hold_services() {
  trap release_services EXIT
  trap 'exit 1' HUP INT TERM
  mkdir -p "$CLUSTERS"
  echo 'create_main_cluster = false' >"$CLUSTERS/sallyport.conf"
  if [ -x "$POLICY" ]; then
    refused=0
    "$POLICY" postgresql start >/dev/null 2>&1 || refused=$?
    if [ "$refused" = 101 ]; then return; fi
    KEPT="$POLICY.before-sallyport"
    mv "$POLICY" "$KEPT"
  fi
  printf '#!/bin/sh\n# Of Sallyport'"'"'s set-up, while it runs.\nif kill -0 %s 2>/dev/null; then exit 101; fi\n' \
    "$$" >"$POLICY.new"
  chmod 755 "$POLICY.new"
  mv "$POLICY.new" "$POLICY"
  OURS=yes
}

OURS=''
release_services() {
  trap - EXIT HUP INT TERM
  rm -f "$CLUSTERS/sallyport.conf"
  if [ -n "$OURS" ]; then rm -f "$POLICY"; fi
  if [ -n "$KEPT" ]; then mv "$KEPT" "$POLICY"; fi
  OURS='' KEPT=''
}

# ---------------------------------------------------------------------------------------------------------

look "${1:-tests}"
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && [ -w /usr/sbin ] && command -v apt-get >/dev/null 2>&1; then
  say "Debian's $missing"
  hold_services
  # shellcheck disable=SC2086 # names of packages, without spaces
  install_debian $missing
  release_services
  look "${1:-tests}"
  if [ -n "$missing" ]; then
    say "apt-get could not install $missing (see $LOG); what needs it is skipped"
  fi
elif [ -n "$missing" ]; then
  say "missing, and what needs it is skipped; Debian: apt-get install --no-install-recommends $missing"
fi

has initdb || sh tools/setup/postgres/install.sh
sh tools/setup/sql-python.sh
