/**
 * Bundles the command line. What it starts with is one file, and so is what each kind of command needs on top of that:
 * every file costs a start its reading and its place in the cache of compiled code.
 */
import { fileURLToPath } from "node:url"
import { defineConfig } from "rolldown"
import { licences } from "./rolldown.licences.ts"
import { page } from "./rolldown.page.ts"

export default defineConfig({
  input: "src/cli/effixir.ts",
  platform: "node",
  external: ["msgpackr-extract", "pg-native"],
  plugins: [page, licences],
  resolve: {
    alias: {
      // Its main file hides what it requires from bundlers.
      "jsonc-parser": "jsonc-parser/lib/esm/main.js",
      // Of its wrapper for `import`, a part that is used is left out.
      ws: fileURLToPath(new URL("node_modules/ws/index.js", import.meta.url))
    }
  },
  output: {
    dir: "dist/bin",
    cleanDir: true,
    format: "cjs",
    dynamicImportInCjs: false,
    entryFileNames: "effixir.js",
    chunkFileNames: "[name].js",
    minify: true,
    // Text of one byte a character takes half the memory, and is read faster.
    charset: "ascii",
    codeSplitting: {
      // Each takes along what it imports, unless one above has that already.
      groups: [
        { name: "effixir", test: /src\/cli\/effixir\.ts$/ },
        { name: "main", test: /src\/cli\/main\.ts$/ },
        {
          name: "account",
          test: /src\/(?:cli\/handlers\/(?:logout|models|status)|node\/process\/(?:ChildEnvironment|packageUrl))\.ts$/
        },
        { name: "sessions", test: /src\/cli\/(?:findSession|handlers\/sessions\/(?:delete|list|rename))\.ts$/ },
        { name: "http", test: /src\/node\/network\/NodeHttp\.ts$/ },
        { name: "turn", test: /src\/cli\/(?:handlers\/(?:fork|resume|run)|render\/lastLine)\.ts$/ },
        { name: "config", test: /src\/cli\/handlers\/config\// },
        { name: "doctor", test: /src\/cli\/handlers\/doctor\.ts$/ },
        { name: "jsonc", test: /node_modules\/jsonc-parser\// },
        { name: "chat", test: /src\/cli\/handlers\/chat\.ts$/ },
        { name: "serve", test: /src\/cli\/handlers\/serve\.ts$/ },
        { name: "cluster", test: /src\/cli\/(?:handlers\/runner|serve\/gateway|cluster\/database)\.ts$/ },
        { name: "login", test: /src\/cli\/handlers\/login\.ts$/ },
        { name: "servers", test: /src\/node\/mcp\/McpClients\.ts$/ },
        { name: "mcp", test: /src\/cli\/handlers\/mcp\// },
        { name: "telemetry", test: /src\/cli\/telemetry\/exporter\.ts$/ }
      ]
    }
  }
})
