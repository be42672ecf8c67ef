#!/bin/sh
# Tries ./x on a fresh machine: a minimal Debian root made by debootstrap, a clone of the last commit, nothing else.
#   tests/fresh.sh [SUITE [VERB...]]      default: bookworm, then `test` and `demo --fast`
#   KEEP=yes keeps the root; ROOT=DIR reuses one; MIRROR=URL takes packages from elsewhere;
#   RUST=DIR shows that toolchain (`rustc --print sysroot`) inside, where rustup's site cannot be reached;
#   CA=DIR trusts the certificates there (*.crt) as well, on a network that inspects TLS.
# Run by hand, as root: it needs debootstrap, mount name spaces and a few GB. Not part of CI.
set -eu
cd "$(dirname "$0")/.."

suite=${1:-bookworm}
[ $# -eq 0 ] || shift
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | head -n 1)}
command -v debootstrap >/dev/null || { echo 'fresh: apt-get install debootstrap' >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || { echo 'fresh: needs root' >&2; exit 1; }

if [ -z "${ROOT:-}" ]; then
    ROOT=$(mktemp -d /var/tmp/kakeru-fresh.XXXXXX)
    # A root has to be passable for the users inside it (apt drops its rights).
    chmod 755 "$ROOT"
    [ "${KEEP:-}" = yes ] || trap 'rm -rf --one-file-system "$ROOT"' EXIT
    debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$ROOT" ${mirror:+"$mirror"}
fi
echo "fresh: root is $ROOT"
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
if [ -n "${CA:-}" ]; then
    cp "$CA"/*.crt "$ROOT/usr/local/share/ca-certificates/"
    chroot "$ROOT" update-ca-certificates >/dev/null 2>&1
fi
# What an installer writes and debootstrap does not.
[ -e "$ROOT/etc/hosts" ] || printf '127.0.0.1 localhost\n::1 localhost\n' >"$ROOT/etc/hosts"
# A root that is used again keeps what it compiled.
if [ -d "$ROOT/src/kakeru/target" ]; then mv "$ROOT/src/kakeru/target" "$ROOT/src/target"; fi
rm -rf "$ROOT/src/kakeru"
git clone -q --no-hardlinks . "$ROOT/src/kakeru"
if [ -d "$ROOT/src/target" ]; then mv "$ROOT/src/target" "$ROOT/src/kakeru/target"; fi

# Runs one verb inside; the mounts live and end with the name space.
inside() {
    unshare --mount sh -eu -c '
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount --rbind /sys "$root/sys"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/run"
        if [ -n "${RUST:-}" ]; then
            mkdir -p "$root/opt/rust"
            mount --rbind "$RUST" "$root/opt/rust"
        fi
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/rust/bin HOME=/root LC_ALL=C.UTF-8 \
            chroot "$root" sh -c "cd /src/kakeru && exec \"\$@\"" sh "$@"
    ' sh "$ROOT" "$@" </dev/null
}

enabled() { find "$ROOT/etc/systemd" "$ROOT"/etc/rc?.d \( -path '*.wants/*' -o -name 'S??*' \) 2>/dev/null | sort; }

# Says which services an installation left enabled.
run() {
    enabled >"$ROOT/enabled.before"
    echo "=== fresh $suite: ./x $*"
    code=0
    inside ./x "$@" || code=$?
    enabled | comm -13 "$ROOT/enabled.before" - | sed 's|^.*/etc/|fresh: newly enabled: /etc/|'
    [ $code -eq 0 ] || { echo "fresh: ./x $* ended with $code"; exit $code; }
}

if [ $# -gt 0 ]; then
    run "$@"
else
    run test
    run demo --fast
fi
echo "fresh: done on $suite"
