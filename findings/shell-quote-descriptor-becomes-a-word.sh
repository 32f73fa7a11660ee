#!/usr/bin/env bash
# Package   shell-quote 1.12.0, Node 20
# Guess     `parse("cat notes 2>errors")` gives the words `cat notes` and a redirect of stderr.
# Behaviour The number of the descriptor is a word of its own: `cat` seems to read two files, `notes` and `2`, and its
#           stdout seems to go to `errors`. Nothing tells this line from `cat notes 2 >errors`, which does just that.
# Seen      ["cat","notes","2",{"op":">"},"errors"] for both
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund shell-quote@1.12.0
seen=$(node -e '
  const { parse } = require("shell-quote")
  for (const line of ["cat notes 2>errors", "cat notes 2 >errors"]) console.log(JSON.stringify(parse(line)))
')
printf '%s\n' "$seen"
[ "$seen" = '["cat","notes","2",{"op":">"},"errors"]
["cat","notes","2",{"op":">"},"errors"]' ]
