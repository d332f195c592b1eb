#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A short training under valgrind. Fails if valgrind has anything to report. Usage: tests/valgrind.sh GRADUS ENGINE FOLDER
set -eu
gradus=$1 engine=$2 folder=$3
if ! command -v valgrind >/dev/null; then
    echo "no valgrind: skipped"
    exit 77
fi

# PoCL's compiler takes a minute for a program under valgrind, so the kernels are not optimised, and a training without valgrind
# leaves most of them in a cache. Valgrind knows no AVX-512, hence an older processor for both.
export GRADUS_BUILD_OPTIONS=-cl-opt-disable XDG_CACHE_HOME="$folder/cache" POCL_CACHE_DIR="$folder/cache"
mkdir -p "$POCL_CACHE_DIR"
if [ "$(uname -m)" = x86_64 ]; then
    export POCL_LLVM_CPU_NAME=haswell POCL_KERNELLIB_NAME=avx2
fi

set -- "$gradus" train digits --train-samples 100 --iterations 3 --quiet --engine "$engine" \
    --out "$folder/$engine.safetensors"
"$@"
exec valgrind --quiet --error-exitcode=1 --leak-check=full --num-callers=40 \
    --suppressions="$(dirname "$0")/valgrind.supp" "$@"
