/**
 * What long sessions cost: opening a log, beside a plain JSON.parse of each of its lines; a turn over a long
 * conversation, beside parsing its log and writing its request as JSON; and adding an event, by durability. With
 * `-- --before FOLDER` the built checkout of an earlier commit is measured beside it. Every run has a process of its
 * own, the sides take turns, and medians are told. `npm run bench:session`
 */
const [job, ...rest] = process.argv.slice(2)

if (job === "measure") {
  const { measure } = await import("./bench-session/measure.ts")
  process.send?.(await measure(rest))
} else await (await import("./bench-session/compare.ts")).compare(process.argv.slice(2))
