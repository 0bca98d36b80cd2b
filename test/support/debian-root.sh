#!/bin/sh
# Debian in a folder of its own, with a systemd that can be booted there: test/support/private-debian.ts does.
# `fetch` brings the packages into node_modules/.cache/debian-root; `make FOLDER` unpacks them. None of their own scripts is run, and this host's
# list of packages is not touched.
set -u
cd "$(dirname "$0")/../.." || exit 1
cache=$PWD/node_modules/.cache/debian-root

# What the system is made of, and the program that boots it (it is run from there too, with the libraries it was built for).
system="base-files base-passwd bash coreutils dash diffutils findutils grep gzip libc-bin perl-base sed util-linux usr-is-merged dpkg apt systemd-sysv libnss-systemd dbus iproute2 iputils-ping"
booter=systemd-container

fetch() {
  command -v apt-get >/dev/null 2>&1 || { echo "debian-root: there is no apt-get here" >&2; return 1; }
  [ -e "$cache/complete" ] && return 0
  mkdir -p "$cache/archives/partial" "$cache/booter" && : >"$cache/status" || return 1
  download || { apt-get update >/dev/null 2>&1; download; } || { echo "debian-root: apt-get could not fetch the packages; try 'apt-get update' as root" >&2; return 1; }
  : >"$cache/complete"
}

# As on a host where nothing is installed, so that all that is needed comes along.
download() {
  apt-get -y -q --download-only --no-install-recommends -o Debug::NoLocking=true -o APT::Sandbox::User=root \
    -o Dir::State::status="$cache/status" -o Dir::Cache::archives="$cache/archives" install $system >"$cache/log" 2>&1 &&
    (cd "$cache/booter" && apt-get -q -o APT::Sandbox::User=root download "$booter") >>"$cache/log" 2>&1
}

make() {
  root=$1
  mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64" || return 1
  for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder" || return 1; done
  for file in "$cache"/archives/*.deb "$cache"/booter/*.deb; do # dpkg -x would put folders in the links' place
    dpkg-deb --fsys-tarfile "$file" | tar -x -C "$root" --keep-directory-symlink --exclude='./usr/share/doc/*' --exclude='./usr/share/locale/*' \
      --exclude='./usr/share/man/*' || return 1
  done

  # dpkg there knows the system as installed, so that what a package depends on is asked in earnest.
  mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/etc/apt" || return 1
  : >"$root/var/lib/dpkg/available"
  echo 1 >"$root/var/lib/dpkg/info/format"
  for file in "$cache"/archives/*.deb; do
    dpkg-deb -f "$file" | sed '1a Status: install ok installed'
    echo
  done >"$root/var/lib/dpkg/status"
  dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${db-fsys:Files}${binary:Package}\n' 2>/dev/null | while read -r name; do
    : >"$root/var/lib/dpkg/info/$name.list"
  done

  # What their scripts would have done, as far as it matters here.
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  printf '%s\n' "passwd: files systemd" "group: files systemd" "hosts: files dns" >"$root/etc/nsswitch.conf"
  echo 'u messagebus - "System message bus"' >"$root/usr/lib/sysusers.d/messagebus.conf"
  echo "127.0.0.1 localhost" >"$root/etc/hosts"
  : >"$root/etc/machine-id"
}

case "${1:-}" in
  fetch) fetch ;;
  make) fetch && make "$2" ;;
  *) echo "usage: debian-root.sh fetch | make FOLDER" >&2; exit 2 ;;
esac
