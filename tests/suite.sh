# SPDX-License-Identifier: Apache-2.0
# Runs steps and tests, shows how far they are, and counts how they end. ./dev includes this file.
# shellcheck shell=bash

passed=0
failed=()
skipped=()
step_count=0
steps= # how many steps there will be, where that is known

# The time since ./dev was started.
elapsed() {
    printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
}

# heading NAME [REMARK]: of the next step
heading() {
    step_count=$((step_count + 1))
    printf '\n==== %s%s%s ====\n' "${steps:+step $step_count of $steps: }" "$1" "${2:+: $2}"
}

# step NAME COMMAND...: a step that counts as one test
step() {
    local name=$1
    shift
    heading "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed+=("$name")
    fi
}

# skip_step NAME REASON
skip_step() {
    heading "$1" "skipped, $2"
    skipped+=("$1")
}

# ctest_line LABEL LINE: shows and counts a line of CTest; keeps what is running in the caller's `running`
ctest_line() {
    local label=$1 line=$2 name
    if [[ $line =~ ^\ *Start\ +[0-9]+:\ (.+)$ ]]; then
        running[${BASH_REMATCH[1]}]=1
    elif [[ $line =~ ^\ *[0-9]+/[0-9]+\ Test\ +#[0-9]+:\ ([^ ]+)\ (.*)$ ]]; then
        name=${BASH_REMATCH[1]}
        unset "running[$name]"
        case ${BASH_REMATCH[2]} in
        *' Passed '*) passed=$((passed + 1)) ;;
        *'***Skipped '*) skipped+=("$label/$name") ;;
        *) failed+=("$label/$name") ;;
        esac
        printf '%s %s\n' "$(elapsed)" "$line"
    else
        printf '%s\n' "$line"
    fi
}

# run_tests LABEL PRESET [OPTION...]: the tests of a preset, as many at once as there are cores; options are CTest's
run_tests() {
    local label=$1 preset=$2 ctest lines line='' part before=${#failed[@]}
    local -A running=()
    shift 2
    say "\$ ctest --preset $preset $*"
    exec {lines}< <(exec ctest --preset "$preset" --parallel "$(nproc)" "$@" 2>&1)
    ctest=$!
    while true; do
        if IFS= read -r -t 20 -u "$lines" part; then
            ctest_line "$label" "$line$part"
            line=
        elif [ $? -gt 128 ]; then # nothing for 20 seconds
            line+=$part
            printf '%s still running: %s\n' "$(elapsed)" "${!running[*]}"
        else
            break
        fi
    done
    exec {lines}<&-
    wait "$ctest" || [ ${#failed[@]} -gt "$before" ] || failed+=("$label")
}

# test_preset PRESET [OPTION...]: a step that builds a preset and runs its tests
test_preset() {
    heading "$1"
    if build "$1"; then
        run_tests "$1" "$@"
    else
        failed+=("build of $1")
    fi
}

# names LABEL NAME...: a line with the names, if there are any
names() {
    local label=$1
    shift
    [ $# = 0 ] || printf '%s: %s\n' "$label" "$*"
}

# How all of it ended; the status is that of success only if nothing failed.
summary() {
    echo
    names skipped "${skipped[@]}"
    names failed "${failed[@]}"
    printf '%d passed, %d failed' $passed ${#failed[@]}
    [ ${#skipped[@]} = 0 ] || printf ', %d skipped' ${#skipped[@]}
    echo
    [ ${#failed[@]} = 0 ]
}
