#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# data/fetch without a network: curl reads file:// URLs too. Cases that need the right content run if $GRADUS_DATA_DIR
# is MNIST's folder or the one above it.
set -u

command -v curl >/dev/null || { echo "no curl: skipped"; exit 77; }
fetch=$TEST_SOURCE_DIR/data/fetch
scratch=$(mktemp -d /tmp/gradus-test-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
export GRADUS_DATASETS_DIR="$scratch/system" GRADUS_MIRROR="file://$scratch/mirror"
failures=0

# expect CODE TEXT ARGUMENT...: runs data/fetch, which must exit with the code and print the text
expect() {
    code=$1 text=$2
    shift 2
    said=$("$fetch" "$@" 2>&1)
    got=$?
    if [ "$got" -ne "$code" ] || ! printf '%s' "$said" | grep -qF -e "$text"; then
        printf 'FAILED: fetch %s: exit code %s, expected %s and "%s" in:\n%s\n' "$*" "$got" "$code" "$text" "$said"
        failures=$((failures + 1))
    fi
}

# check TEST-EXPRESSION...
check() {
    test "$@" || { echo "FAILED: test $*" && failures=$((failures + 1)); }
}

expect 0 'Usage:' --help
expect 64 'Usage:'
expect 64 'Usage:' nosuch
expect 64 'Usage:' mnist a b
expect 73 'cannot be created' mnist /dev/null
expect 69 'no mirror delivered it' mnist "$scratch/a"

mkdir "$scratch/mirror"
echo wrong | gzip >"$scratch/mirror/train-images-idx3-ubyte.gz"
expect 69 'found other content than expected' mnist "$scratch/a"
check -z "$(ls "$scratch/a/mnist")"

file=train-images-idx3-ubyte.gz
for mnist in "${GRADUS_DATA_DIR-}" "${GRADUS_DATA_DIR-}/mnist"; do
    [ -f "$mnist/$file" ] || continue
    echo "with $mnist"
    export GRADUS_MIRROR="file://$mnist"
    expect 0 'complete' mnist "$scratch/b"
    check "$(find "$scratch/b/mnist" -name '*-ubyte.gz' | wc -l)" -eq 4
    expect 0 "$file: already there" mnist "$scratch/b"

    # An interrupted download, and one that left other content
    head -c 100000 "$mnist/$file" >"$scratch/b/mnist/$file.part"
    head -c 9999 /dev/zero >"$scratch/b/mnist/t10k-labels-idx1-ubyte.gz.part"
    rm "$scratch/b/mnist/$file" "$scratch/b/mnist/t10k-labels-idx1-ubyte.gz"
    expect 0 'complete' mnist "$scratch/b"
    check -z "$(find "$scratch/b" -name '*.part')"

    export GRADUS_MIRROR="file://$scratch/nothing"
    ln -s "$(dirname "$mnist")" "$scratch/system"
    [ "$(basename "$mnist")" = mnist ] && expect 0 "$file: from $scratch/system/mnist" mnist "$scratch/c"
done
exit "$((failures > 0))"
