#!/usr/bin/env bash
# Package   @modelcontextprotocol/sdk 1.32.2 (`UriTemplate`, with which `McpServer` finds resources), Node 20
# Guess     What a template expands to, the same template matches, and gives the values back; the parameters behind `?` may
#           stand in any order and be left out, as in the URIs of everybody else.
# Behaviour A template with `{?q,page}` matches only URIs that have all of them in the order of the template: a URI that the
#           template itself wrote, without the optional page, is no resource of the server. Values are escaped on the way
#           out, and given to the server as they stand in the URI on the way in.
# Seen      {"q":"tea","page":"2"} → docs://search?q=tea&page=2 → {"q":"tea","page":"2"}
#           {"q":"tea"} → docs://search?q=tea → no match
#           docs://search?page=2&q=tea → no match
#           {"q":"green tea","page":"2"} → docs://search?q=green%20tea&page=2 → {"q":"green%20tea","page":"2"}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @modelcontextprotocol/sdk@1.32.2 zod@4.6.7

cat >program.mjs <<'JS'
import { UriTemplate } from "@modelcontextprotocol/sdk/shared/uriTemplate.js"

const template = new UriTemplate("docs://search{?q,page}")
const match = (uri) => `${uri} → ${JSON.stringify(template.match(uri))}`.replace("null", "no match")
const both = (values) => console.log(`${JSON.stringify(values)} → ${match(template.expand(values))}`)
both({ q: "tea", page: "2" })
both({ q: "tea" })
console.log(match("docs://search?page=2&q=tea"))
both({ q: "green tea", page: "2" })
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = '{"q":"tea","page":"2"} → docs://search?q=tea&page=2 → {"q":"tea","page":"2"}
{"q":"tea"} → docs://search?q=tea → no match
docs://search?page=2&q=tea → no match
{"q":"green tea","page":"2"} → docs://search?q=green%20tea&page=2 → {"q":"green%20tea","page":"2"}' ]
