#!/usr/bin/env bash
# Runs tests on a second build of the extensions with AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   tests/sanitize.sh tests/test_parser.py ...
#
# The build lives in its own folder, so the ordinary one stays as it is. Leaks are left to the leak test: the interpreter
# itself never frees everything.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/sanitize
python=$PWD/.venv/bin/python
mkdir -p "$build"
cp -r setup.py pyproject.toml README.md LICENSE "$build/"
rm -rf "$build/sipcore"
cp -r sipcore "$build/"
find "$build/sipcore" -name '*.so' -delete
(cd "$build" && SIPCORE_SANITIZE=1 "$python" setup.py build_ext --inplace >build.log 2>&1) || { cat "$build/build.log"; exit 1; }

# Python itself is not instrumented, so the runtimes must be there before it starts.
libasan=$(gcc -print-file-name=libasan.so)
libubsan=$(gcc -print-file-name=libubsan.so)
export LD_PRELOAD="$libasan:$libubsan"
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# Small allocations must come from malloc, or a read past one of them stays inside Python's own pool unseen.
export PYTHONMALLOC=malloc
export PYTHONPATH="$PWD/$build"
"$python" -P - <<'PY'
import sipcore, pathlib, os
assert pathlib.Path(sipcore.__file__).is_relative_to(os.environ["PYTHONPATH"]), "the sanitized build is not the one in use"
PY
exec "$python" -P -m pytest -q -p no:cacheprovider "$@"
