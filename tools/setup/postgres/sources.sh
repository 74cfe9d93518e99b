#!/bin/sh
# PostgreSQL's own regression statements into .build/postgres-regress, from Debian's source package of the
# very version that is installed. Nothing of the machine is changed: the lists are its own. Prints the folder.
set -eu

to=$PWD/.build/postgres-regress
package=$(dpkg-query -W -f '${Package}\n' 'postgresql-[0-9]*' 2>/dev/null | grep -E '^postgresql-[0-9]+$' | tail -n 1)
if [ -z "$package" ]; then
  echo "setup: no PostgreSQL of Debian is installed, so there are no sources of its version" >&2
  exit 1
fi
version=$(dpkg-query -W -f '${Version}' "$package")
if [ -e "$to/$version/src/test/regress/parallel_schedule" ]; then
  echo "$to/$version/src/test/regress"
  exit 0
fi

echo "setup: sources of $package $version" >&2
rm -rf "$to"
mkdir -p "$to/lists/partial" "$to/parts" "$to/$version"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  if [ -f "$file" ]; then
    sed -e 's/^Types:.*/Types: deb-src/' -e 's/^deb /deb-src /' "$file" >"$to/parts/${file##*/}"
  fi
done
apt() {
  apt-get -qq -o Dir::State::lists="$to/lists" -o Dir::Etc::sourcelist=/dev/null \
    -o Dir::Etc::sourceparts="$to/parts" -o APT::Sandbox::User= "$@" >&2
}
apt update
cd "$to"
apt source --download-only "$package=$version"
tar -xf "$package"_*.orig.tar.* -C "$version" --strip-components=1 --wildcards '*/src/test/regress'
rm -rf lists parts ./*.tar.* ./*.dsc
echo "$to/$version/src/test/regress"
