/**
 * How fast a stream of a model is read, next to the least that any client must do and to other clients: a long recorded
 * stream from a socket, and a thousand open streams at once. Every run has a process of its own, the sides take turns,
 * and medians are told. `npm run bench:stream`, with `-- --before FOLDER` a checkout of an earlier commit as well, and with
 * `-- --soak` the memory over an hour's worth of events.
 *
 * Whoever is measured is bundled first, for what runs TypeScript directly makes functions slower.
 */
const [job, ...args] = process.argv.slice(2)
const read = (index: number) => JSON.parse(args[index] ?? "null")

if (job === "server") (await import("./bench-stream/server.ts")).serve(read(0))
else if (job === "decode") process.send?.(await (await import("./bench-stream/measure.ts")).decode(read(0), read(1)))
else if (job === "open") {
  process.send?.(await (await import("./bench-stream/measure.ts")).open(read(0), read(1), read(2), read(3)))
} else if (job === "soak") {
  process.send?.(await (await import("./bench-stream/measure.ts")).soak(read(0), read(1), read(2)))
} else await (await import("./bench-stream/compare.ts")).compare(process.argv.slice(2))
