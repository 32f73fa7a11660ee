#!/usr/bin/env node
/**
 * The entry point, which keeps the start short. It prints the version without loading the program, and loads the
 * program with its compiled code from a cache. A signal during loading counts like a later one.
 */
import { tooManyFiles } from "../internal/tooManyFiles.ts"
import { version } from "../internal/version.ts"
import type { Signal } from "./ExitCode.ts"

if (process.argv.length === 3 && /^(?:--version|-V)$/.test(process.argv[2] ?? "")) {
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return
    process.stderr.write(`effixir: The output could not be written: ${error.message}\n`)
    process.exitCode = 1
  })
  process.stdout.write(`${version}\n`)
} else {
  const argv = process.argv.slice(2)
  const early: Array<Signal> = []
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const
  const noting = signals.map((signal) => ({ signal, note: () => void early.push(signal) }))
  for (const { note, signal } of noting) process.on(signal, note)
  const takeOver = (): Signal | undefined => {
    for (const { note, signal } of noting) process.off(signal, note)
    return early[0]
  }
  void import("./compileCache.ts").then(async ({ keep }) => {
    keep(
      argv.find((word) =>
        /^(?:__complete|acp|chat|resume|fork|sessions|login|logout|status|models|config|doctor|serve|runner|demo|completion|--help|-h)$/
          .test(word)
      ) ?? (argv.length === 0 && process.stdin.isTTY ? "chat" : "run")
    )
    const { main } = await import("./main.ts")
    main(argv, takeOver)
  }).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "EMFILE" ? tooManyFiles : error.message
    process.stderr.write(`effixir: The program could not be loaded: ${why}\n`)
    process.exitCode = 1
  })
}
