import { defineConfig } from "vitest/config"

/**
 * A machine under load may take its time: what hangs is found all the same. Most tests wait for processes of their own, so
 * that every processor can have a worker; modules keep no state, so that each is loaded once in each of them.
 */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/warm.ts",
    setupFiles: "test/seed.ts",
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: "100%",
    isolate: false
  }
})
