#!/usr/bin/env bash
# Runs commands in a clean clone on a Debian that has Node, npm and nothing else: no Python, no compiler, no git, no
# libraries of a desktop, an empty HOME, 64 MB of /dev/shm. Needs root and debootstrap.
#
#   scripts/bare-debian.sh                                  the two commands of the README
#   scripts/bare-debian.sh 'CI=true npm test -- packages/ops'
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
system=$(mktemp -d "${TMPDIR:-/var/tmp}/bare-debian-XXXXXX")
inside() { chroot "$system" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/home/user TERM=dumb bash -c "cd /ddnet && $1"; }
remove() {
  umount --lazy "$system/dev/shm" "$system/dev" "$system/proc" || true
  # Never into something that is still mounted.
  rm -rf --one-file-system "$system"
}
trap remove EXIT

debootstrap --variant=minbase bookworm "$system" >/dev/null
mount -t proc proc "$system/proc"
mount --bind /dev "$system/dev"
mount -t tmpfs -o size=64M tmpfs "$system/dev/shm"

install "$(readlink -f "$(command -v node)")" "$system/usr/bin/node"
mkdir -p "$system/usr/lib/node_modules" "$system/usr/etc" "$system/home/user"
cp -r "$(npm root --global)/npm" "$system/usr/lib/node_modules/"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$system/usr/bin/npm"
# What this machine needs to reach its registry.
cp /etc/resolv.conf /etc/hosts "$system/etc/"
settings=$(npm config get globalconfig)
if [ -f "$settings" ]; then cp "$settings" "$system/usr/etc/npmrc"; fi
certificates=$(npm config get cafile)
if [ -f "$certificates" ]; then install -D "$certificates" "$system$certificates"; fi

git clone --quiet "$repository" "$system/ddnet"
if [ $# -eq 0 ]; then set -- 'npm start' 'CI=true npm test'; fi
for command in "$@"; do
  echo "> $command"
  inside "$command"
done
