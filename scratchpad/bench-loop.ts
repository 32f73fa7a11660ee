/**
 * What the loop costs beside the model: per call of a tool, per turn, over a long session, for many agents at once, and
 * for a whole turn of the CLI next to Node alone and to the CLIs that are installed (`codex` and `pi` on the PATH, or
 * CODEX_BINARY). With `-- --before FOLDER` the built checkout of an earlier commit is measured beside it. Every run has a
 * process of its own, the sides take turns, and medians are told. `npm run bench:loop`
 */
const [job, name] = process.argv.slice(2)

if (job === "measure") {
  const { measure } = await import("./bench-loop/measure.ts")
  process.send?.(await measure(name as Parameters<typeof measure>[0]))
} else await (await import("./bench-loop/compare.ts")).compare(process.argv.slice(2))
