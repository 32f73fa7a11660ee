#!/usr/bin/env bash
# Packages  effect 3.22.4
# Guess     `Stream.fromEffect(effect)`, run to its end, ends as the effect does: with the same cause.
# Behaviour Of a cause that holds a failure and a defect, as when closing a file breaks down after a read has failed, a
#           stream made of it keeps the failure alone. `Stream.failCause` itself does so, and with it `unwrap`, `mapEffect`
#           and `repeatEffect`. Whoever handles the failure goes on as if nothing else was wrong, and no log tells of the
#           defect. A finalizer of the stream that breaks down is told, as by an Effect.
# Seen      effect: not found, close broke. fromEffect: not found. failCause: not found. mapEffect: not found. finalizer: not found, close broke.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund effect@3.22.4

cat >program.mjs <<'JS'
import { Cause, Effect, Exit, Stream } from "effect"

const cause = Cause.sequential(Cause.fail("not found"), Cause.die("close broke"))
const closed = Stream.acquireRelease(Effect.void, () => Effect.die("close broke"))
const programs = {
  effect: Effect.failCause(cause),
  fromEffect: Stream.runDrain(Stream.fromEffect(Effect.failCause(cause))),
  failCause: Stream.runDrain(Stream.failCause(cause)),
  mapEffect: Stream.runDrain(Stream.mapEffect(Stream.make(1), () => Effect.failCause(cause))),
  finalizer: Stream.runDrain(Stream.mapEffect(closed, () => Effect.fail("not found")))
}
const told = []
for (const [name, program] of Object.entries(programs)) {
  const exit = await Effect.runPromiseExit(program)
  if (Exit.isSuccess(exit)) throw new Error(`${name} succeeded`)
  told.push(`${name}: ${[...Cause.failures(exit.cause), ...Cause.defects(exit.cause)].join(", ")}.`)
}
console.log(told.join(" "))
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'effect: not found, close broke. fromEffect: not found. failCause: not found. mapEffect: not found. finalizer: not found, close broke.' ]
