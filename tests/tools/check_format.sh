#!/usr/bin/env bash
# Are all C sources laid out by the repository's .clang-format? Names those that are not.
#   check_format.sh [--list]     --list only names the files
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

sources() {
    git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | while read -r file; do
        [ -f "$file" ] && printf '%s\n' "$file"
    done
}

if [ "${1:-}" = --list ]; then
    sources
    exit 0
fi
bad=0
while read -r file; do
    if ! clang-format --dry-run -Werror "$file" 2>/dev/null; then
        echo "$file: ./dev format lays it out"
        bad=1
    fi
done < <(sources)
exit $bad
