/** A Stream over many files: each is read and summed up, four at a time, and printed in their order. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Request, Responses } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const Page = Schema.Struct({ title: Schema.String, summary: Schema.String })

const folder = "docs"

const sumUp = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(`${folder}/${file}`)
  const page = yield* Responses.object(
    Page,
    Request.make({
      model: "gpt-6.2-sol",
      instructions: "Sum up this page in a sentence.",
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }]
    })
  )
  return { file, ...page }
})

const program = Stream.fromIterableEffect(
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(folder))
).pipe(
  Stream.filter((file) => file.endsWith(".md")),
  Stream.mapEffect(sumUp, { concurrency: 4 }),
  Stream.runForEach(({ file, summary, title }) => Console.log(`${file}: ${title}. ${summary}`))
)

const Live = Responses.layer.pipe(Layer.provideMerge(NodeAgent.layerHome), Layer.provideMerge(NodeAgent.layerPlatform))

await Effect.runPromise(Effect.provide(program, Live))
