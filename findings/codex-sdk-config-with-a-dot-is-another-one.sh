#!/usr/bin/env bash
# Package   @openai/codex-sdk 0.163.0 (`config` of `new Codex`), Node 20; a script that prints its arguments stands in for codex
# Guess     A config given as an object means what the same object would mean in `config.toml`: a server named "docs.v2" is one
#           server of that name.
# Behaviour Objects are flattened into `--config` arguments by joining their keys with dots, and a key that has a dot of its
#           own is not quoted: the two configs below, of a server "docs.v2" and of a table "v2" in a server "docs", are the
#           same command line. Within a list, the SDK quotes such a key.
# Seen      {"mcp_servers":{"docs.v2":{"command":"docs"}}} → mcp_servers.docs.v2.command="docs"
#           {"mcp_servers":{"docs":{"v2":{"command":"docs"}}}} → mcp_servers.docs.v2.command="docs"
#           {"list":[{"docs.v2":"docs"}]} → list=[{"docs.v2" = "docs"}]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
# Without codex itself, which is large.
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional @openai/codex-sdk@0.163.0

cat >codex <<'SH'
#!/bin/sh
cat >/dev/null
while [ "$1" != --config ]; do shift; done
printf '%s' "$2" >argument
SH
chmod +x codex

cat >program.mjs <<'JS'
import { Codex } from "@openai/codex-sdk"
import fs from "node:fs"

const configs = [
  { mcp_servers: { "docs.v2": { command: "docs" } } },
  { mcp_servers: { docs: { v2: { command: "docs" } } } },
  { list: [{ "docs.v2": "docs" }] }
]
for (const config of configs) {
  await new Codex({ codexPathOverride: "./codex", config }).startThread().run("hi")
  console.log(`${JSON.stringify(config)} → ${fs.readFileSync("argument", "utf8")}`)
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = '{"mcp_servers":{"docs.v2":{"command":"docs"}}} → mcp_servers.docs.v2.command="docs"
{"mcp_servers":{"docs":{"v2":{"command":"docs"}}}} → mcp_servers.docs.v2.command="docs"
{"list":[{"docs.v2":"docs"}]} → list=[{"docs.v2" = "docs"}]' ]
