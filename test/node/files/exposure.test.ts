import { assert, describe, it } from "@effect/vitest"
import { exposureOf } from "../../../src/node/files/exposure.ts"

const groups = "root:x:0:\nusers:x:100:\nana:x:1000:\nben:x:1001:ben,ana\nteam:x:2000:ana,ben\n"
const ana = { uid: 1000, name: "ana", groups }
const root = { uid: 0, name: "root", groups }

const cases = [
  ["a file of one's own", ana, { uid: 1000, gid: 1000, mode: 0o100600 }, "None"],
  ["one that others can read", ana, { uid: 1000, gid: 1000, mode: 0o100644 }, "Readable"],
  ["one that all can write", ana, { uid: 1000, gid: 1000, mode: 0o100622 }, "Writable"],
  ["a group of one's own", ana, { uid: 1000, gid: 1000, mode: 0o100664 }, "Readable"],
  ["a group with others in it", ana, { uid: 1000, gid: 2000, mode: 0o100660 }, "Writable"],
  ["a group that all belong to by default", ana, { uid: 1000, gid: 100, mode: 0o100660 }, "Writable"],
  ["a group that is not known", ana, { uid: 1000, gid: 4711, mode: 0o100660 }, "Writable"],
  ["a group of one's own that another has joined", { ...ana, name: "ben", uid: 1001 }, {
    uid: 1001,
    gid: 1001,
    mode: 0o100660
  }, "Writable"],
  ["a person without a name", { ...ana, name: "" }, { uid: 1000, gid: 1000, mode: 0o100660 }, "Writable"],
  ["a file of root", ana, { uid: 0, gid: 0, mode: 0o100644 }, "Readable"],
  ["a file of root and its group", ana, { uid: 0, gid: 0, mode: 0o100664 }, "Readable"],
  ["a file of root that all can write", ana, { uid: 0, gid: 0, mode: 0o100666 }, "Writable"],
  ["a file of another", ana, { uid: 1001, gid: 1001, mode: 0o100600 }, "Foreign"],
  ["a file of another, to root", root, { uid: 1001, gid: 1001, mode: 0o100600 }, "Foreign"]
] as const

describe("exposureOf", () => {
  for (const [name, person, info, exposure] of cases) {
    it(name, () => assert.strictEqual(exposureOf(info, person), exposure))
  }
})
