// Required before the program: it writes down which of its files a start has loaded.
const { writeFileSync } = require("node:fs")
const { dirname } = require("node:path")

process.on("exit", () => {
  const folder = dirname(process.argv[1])
  const loaded = Object.keys(require.cache).filter((file) => dirname(file) === folder)
  writeFileSync(process.env.LOADED_FILES, JSON.stringify(loaded.map((file) => file.slice(folder.length + 1))))
})
