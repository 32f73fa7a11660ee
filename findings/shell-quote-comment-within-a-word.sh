#!/usr/bin/env bash
# Package   shell-quote 1.12.0 beside bash, Node 20
# Guess     `#` begins a comment where the shell begins one: at the start of a word.
# Behaviour It begins one anywhere outside of quotes. The rest of the word, and of the line, is a comment to `parse`.
# Seen      shell: page.html#top last
#           parse: ["echo","page.html",{"comment":"top last"}]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund shell-quote@1.12.0
line='echo page.html#top last'
seen="shell: $(bash -c "$line")
parse: $(node -e 'console.log(JSON.stringify(require("shell-quote").parse(process.argv[1])))' "$line")"
printf '%s\n' "$seen"
[ "$seen" = 'shell: page.html#top last
parse: ["echo","page.html",{"comment":"top last"}]' ]
