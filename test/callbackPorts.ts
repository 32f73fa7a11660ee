import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FileLock from "../src/node/files/FileLock.ts"

/** A machine has one pair of the ports that a browser brings its answer to: tests take turns. */
export const callbackPorts = FileLock.acquire(join(tmpdir(), "effixir-test-callback-ports.lock"))
