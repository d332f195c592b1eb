#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Short trainings under Oclgrind, a simulator that detects data races, uninitialised values and wrong addresses in
# kernels. Fails if it reports anything. Usage: tests/oclgrind.sh GRADUS CASE FOLDER, with a function below as CASE.
# Products on tensor cores are run by a test, which is found beside GRADUS and emulates them.
set -euo pipefail
program=$1 case=$2 folder=$3/$2
if ! command -v oclgrind >/dev/null; then
    echo "no oclgrind: skipped"
    exit 77
fi

# Oclgrind 21.10 does not know the optimiser's instruction "freeze", hence -cl-opt-disable. Measured choices stay here.
export GRADUS_BUILD_OPTIONS=-cl-opt-disable GRADUS_PROGRAM_CACHE=0 XDG_CACHE_HOME=$folder
unset GRADUS_DEVICE

# images SAMPLES SIDE INK: a CSV file of images of three classes, with ink in the upper rows ("rows"), in some pixels
# ("dots") or everywhere ("full"). Each favours another form of the first layer, so all are used.
images() {
    awk -v samples="$1" -v side="$2" -v ink="$3" 'BEGIN {
        for (s = 0; s < samples; s++) {
            printf "%d", s % 3
            for (i = 0; i < side * side; i++) {
                inked = ink == "full" || (ink == "rows" ? i < (2 + s % 3) * side : (7 * s + 5 * i) % 97 < 19)
                printf ",%d", inked ? 1 + (31 * s + 17 * i) % 255 : 0
            }
            print ""
        }
    }'
}

# What Oclgrind detects, and the cores of its device.
detects=(--data-races --uninitialized)
cores=3

# check [OPTION...] -- ARGUMENT...: runs the program with the arguments, and Oclgrind with the options
check() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    printf '$ %s %s\n' "${program##*/}" "$*"
    rm -f "$folder/report"
    if oclgrind "${detects[@]}" --compute-units "$cores" --log "$folder/report" "${options[@]}" \
        "$program" "$@" >"$folder/output" && [ ! -s "$folder/report" ]; then
        return
    fi
    cat "$folder/output"
    [ ! -f "$folder/report" ] || head -n 60 "$folder/report"
    exit 1
}

# train KERNELS INK HIDDEN ENGINE [OPTION...]: options are Oclgrind's. CLBlast is not used, because Oclgrind
# has reports about its kernels.
train() {
    check "${@:5}" -- train "$folder/$2-$1.csv" --kernel-kind "$1" --hidden "$3" --engine "$4" --products own \
        --iterations 2 --quiet --out "$folder/model.safetensors"
}

# predict KERNELS INK
predict() {
    check -- predict "$folder/model.safetensors" "$folder/$2-$1.csv:0-33" --kernel-kind "$1" --products own --json
}

# batches KERNELS ENGINE HIDDEN [OPTION...]: mini-batches, with all options of an optimizer
batches() {
    local size=60
    [ "$1" = cpu ] || size=12
    check -- train "$folder/dots-$1.csv" --kernel-kind "$1" --products own --engine "$2" --hidden "$3" \
        --batch-size "$size" --epochs 1 --optimizer adam --weight-decay 0.01 --clip-norm 0.5 --quiet "${@:4}"
}

# ---- Cases; tests/CMakeLists.txt lists them ----

# both KERNELS ENGINE: what every engine is tried with
both() {
    train "$1" dots 10 "$2"
    train "$1" full 48,7 "$2"
}

fused_cpu() {
    train cpu rows 10 fused
    train cpu full 10 fused
    predict cpu full
    both cpu fused
}

fused_gpu() {
    both gpu fused
    predict gpu full
    train gpu chunks 48 fused --max-wgsize 64 # dW1 in several chunks
}

sparse_cpu() { both cpu sparse; }
sparse_gpu() { both gpu sparse; }
layered_cpu() { both cpu layered; }
layered_gpu() {
    both gpu layered
    train gpu chunks 48 layered # a forward product in several shares, its bytes in vectors
    batches gpu layered 10 --max-norm 1
}

augments=(--augment-shift 1 --augment-rotate 20 --augment-elastic 0.5)

fused_batches() {
    batches cpu fused 300 --max-norm 1
    batches cpu fused 10 --max-norm 1 --clip-norm 0
    # Complete steps, by a team of one: Oclgrind 21.10 does not know that atomic operations synchronise a larger one.
    cores=1
    detects=(--data-races) # for the reason below
    batches cpu fused 300 --batch-size 200
    batches cpu fused 300 --batch-size 200 "${augments[@]}" --clip-norm 0
}

fused_gpu_batches() {
    batches gpu fused 40 --clip-norm 0 # two launches a step
    batches gpu fused 40 "${augments[@]}" --max-norm 1
    # When the host writes a part of a buffer, as it does with the ring of learning rates, Oclgrind 21.10 forgets that the
    # rest is initialised.
    detects=(--data-races)
    batches gpu fused 10 --batch-size 37 # steps in one launch, here one of two tiles
    batches gpu fused 10 --dropout 0.1 --input-dropout 0.1 --label-smoothing 0.1
    batches cpu fused 10
}

layered_batches() {
    batches cpu layered 10 --max-norm 1
    batches cpu layered 10 "${augments[@]}"
}

tensor_products() {
    program=$(dirname "$program")/../tests/test_tensor
    check -- small
}

mkdir -p "$folder"
for ink in rows dots full; do
    images 200 8 $ink >"$folder/$ink-cpu.csv" # several tiles for each of the cores
    images 37 8 $ink >"$folder/$ink-gpu.csv"
done
images 12 12 dots >"$folder/chunks-gpu.csv"
"$case"
