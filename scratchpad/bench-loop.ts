/**
 * What the loop costs beside the model: per call of a tool, per turn, over a long session, for many agents at once, and
 * for a whole turn of the CLI next to Node alone and to the CLIs that are installed (`codex` and `pi` on the PATH, or
 * CODEX_BINARY and PI_BINARY). With `-- --before FOLDER` the built checkout of an earlier commit is measured beside it. Every run has a
 * process of its own, the sides take turns, and medians are told. `npm run bench:loop`
 */
const [job, name] = process.argv.slice(2)

if (job === "measure") {
  const { measure } = await import("./bench-loop/measure.ts")
  const found = await measure(name as Parameters<typeof measure>[0])
  // Started by hand, as under a profiler, it prints what it found.
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(found)}\n`)
  else process.send(found)
} else await (await import("./bench-loop/compare.ts")).compare(process.argv.slice(2))
