import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { tryLock } from "fs-native-extensions"
import { type FileHandle, open } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const file = join(tmpdir(), "effixir-test-callback-ports.lock")

const lock = (options: { readonly shared: boolean }) =>
  Effect.acquireRelease(
    Effect.promise((): Promise<FileHandle> => open(file, "a+", 0o600)),
    (handle) => Effect.promise(() => handle.close())
  ).pipe(
    Effect.flatMap(({ fd }) =>
      Effect.repeat(Effect.sync(() => tryLock(fd, options)), {
        until: (isLocked) => isLocked,
        schedule: Schedule.spaced("20 millis")
      })
    )
  )

/** A machine has one pair of the ports that a browser brings its answer to: tests that need those take turns. */
export const callbackPorts = lock({ shared: false })

/** Any port will do: these tests may run together, but not beside one that needs the pair. */
export const anyCallbackPort = lock({ shared: true })
