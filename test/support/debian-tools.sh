#!/bin/sh
# Brings the foreign programs that the acceptance tests run against us (a real Prometheus, Alertmanager's amtool):
# Debian's packages, unpacked into node_modules/.cache/debian so that no service of theirs is started on this host.
set -u
cd "$(dirname "$0")/../.." || exit 1
target=$PWD/node_modules/.cache/debian
packages=""
want() { # program package
  command -v "$1" >/dev/null 2>&1 || [ -x "$target/usr/bin/$1" ] || packages="$packages $2"
}
want prometheus prometheus
want promtool prometheus
want amtool prometheus-alertmanager
want snmptrap "snmp libsnmp40"
want strace strace
want dbus-daemon dbus-daemon
[ -z "$packages" ] && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "missing:$packages (Debian packages); install these programs and run again" >&2; exit 1; }
mkdir -p "$target/download" && cd "$target/download" || exit 1
fetch() { apt-get download $(printf '%s\n' $packages | sort -u) >/dev/null 2>&1; }
fetch || { apt-get update >/dev/null 2>&1; fetch; } || { echo "missing:$packages (Debian packages), and apt-get could not fetch them; try 'apt-get update' as root" >&2; exit 1; }
for file in ./*.deb; do dpkg -x "$file" "$target" && rm -f "$file"; done

# Alertmanager looks for its templates under /usr/share, where we put nothing: in a path of the same length from where it is started
# (see debianTool's `cwd`).
alertmanager=$target/usr/bin/prometheus-alertmanager
[ ! -f "$alertmanager" ] || LC_ALL=C sed -i 's|/usr/share/prometheus/alertmanager|./././././/prometheus/alertmanager|g' "$alertmanager"
