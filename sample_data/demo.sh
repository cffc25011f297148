#!/bin/sh
# `make demo`: the four samples into a Webflow of their own. Stop it whenever you like and type it again.
# The rows that are bad on purpose must be rejected (exit 1); any other end is a failure.
set -eu
cd "$(dirname "$0")/.."
importer=${IMPORTER:-.venv/bin/importer}

import_sheet() { # the mapping's name, the exit status that must come
    printf '\n== importer run mappings/%s.toml --sandbox\n' "$1"
    status=0
    "$importer" run "mappings/$1.toml" --sandbox || status=$?
    if [ "$status" -ne "$2" ]; then
        printf '\nmappings/%s.toml ended with %s, not with %s.\n' "$1" "$status" "$2" >&2
        [ "$status" -ne 0 ] || status=70
        exit "$status"
    fi
}

import_sheet authors 0
import_sheet tags 0
import_sheet blog_posts 1
import_sheet products 1

cat <<'END'

Done. 30 rows were bad on purpose, were found before anything was sent, and lie in the rejects files named above,
each with what is wrong and what to do. All others are published, or staged where the sheet says draft or discontinued.
Type `make demo` again: nothing is sent twice.

Look at what was published:

    .venv/bin/importer sandbox mappings/.importer/sandbox.db --port 8765

and open http://127.0.0.1:8765/ in a browser.
END
