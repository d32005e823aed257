#!/usr/bin/env bash
# The direction of includes and the one home of each library, as written in server/README.md.
# Prints a line for each breach and exits with 1 when there is one.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

# A layer and what its files may include (itself is always allowed).
layers='
base
wire       base
model      wire base
net        base
visit      base
transport  wire base
routing    wire base
media      net transport routing wire base
store      visit wire/json.h base
signal     visit store media/media_api.h model wire base
app        signal store visit model media net transport routing wire base
'
# A library's header (as a regular expression) and the files that may include it.
libraries='
^openssl/                       server/wire/hash.[ch] server/transport/dtls*.[ch] server/transport/srtp*.[ch] server/signal/tls.[ch] server/signal/checksum.[ch] server/store/secret.[ch] server/app/certificate.[ch] server/app/health_probe.[ch]
^srtp2?/                        server/transport/srtp*.[ch]
^(srtp|srtp2)\.h                server/transport/srtp*.[ch]
^libwebsockets                  server/signal/*.[ch]
^(lws_config|lws-)              server/signal/*.[ch]
^sqlite3                        server/store/*.[ch]
^jansson                        server/wire/json.[ch] server/wire/json_*.[ch] pipelines/*
^sodium                         server/store/*.[ch] server/app/*.[ch]
^qrencode                       server/signal/qr*.[ch]
^(gst|glib|gio)                 pipelines/*
^ebur128                        pipelines/input/loudness.c
^poppler                        pipelines/slides/*.[ch]
^cairo                          pipelines/*
'
file=
bad=0

fits() { # fits NAME PATTERN…
    local name=$1 pattern
    shift
    for pattern in "$@"; do
        # shellcheck disable=SC2254
        case $name in $pattern) return 0 ;; esac
    done
    return 1
}

complain() {
    echo "$file: $*"
    bad=1
}

check_own() { # check_own LAYER HEADER
    local layer=$1 header=$2 target=${2%%/*} allowed
    [ -d "server/$target" ] && [ "$target" != "$header" ] || return 0
    [ "$target" != "$layer" ] || return 0
    allowed=$(awk -v l="$layer" '$1 == l { $1 = ""; print }' <<<"$layers")
    # shellcheck disable=SC2086
    if ! fits "$header" $(printf '%s\n' $allowed | sed 's,^[a-z]*$,&/*,'); then
        complain "$layer/ may not include $header"
    fi
    if [ ! -f "server/$header" ]; then
        complain "$header does not exist"
    fi
}

check_library() { # check_library HEADER
    local header=$1 pattern homes
    while read -r pattern homes; do
        [ -n "$pattern" ] || continue
        if [[ $header =~ $pattern ]]; then
            # shellcheck disable=SC2086
            (set -f; fits "$file" $homes) || complain "<$header> belongs to $homes"
            return 0
        fi
    done <<<"$libraries"
}

while read -r file; do
    layer=$(cut -d/ -f2 <<<"$file")
    while IFS='|' read -r bracket header; do
        if [ "$bracket" = '"' ] && [[ $file == server/* ]]; then
            check_own "$layer" "$header"
        else
            check_library "$header"
        fi
    done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*([<"])([^>"]+)[>"].*/\1|\2/p' "$file")
done < <(find server pipelines -name '*.[ch]' 2>/dev/null | sort)
exit $bad
