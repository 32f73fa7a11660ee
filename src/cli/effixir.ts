#!/usr/bin/env node
/**
 * The entry: keeps the start short. The version is told without loading anything, and where Node can keep compiled code
 * (22 and newer), the rest comes from there.
 */
import module from "node:module"
import { version } from "../internal/version.ts"

if (process.argv.length === 3 && /^(?:--version|-V)$/.test(process.argv[2] ?? "")) {
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return
    process.stderr.write(`effixir: The output could not be written: ${error.message}\n`)
    process.exitCode = 1
  })
  process.stdout.write(`${version}\n`)
} else {
  Reflect.get(module, "enableCompileCache")?.()
  const { main } = await import("./main.ts")
  main(process.argv.slice(2))
}
