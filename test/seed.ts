import * as EffectFastCheck from "effect/FastCheck"
import * as FastCheck from "fast-check"

/**
 * Property tests see the same values in every run, so that a change is judged by what it changes. Other values are
 * looked for on purpose: `npm run test:random`, or EFFIXIR_TEST_SEED with the seed that a failure told.
 */
const given = process.env["EFFIXIR_TEST_SEED"] ?? "20261130"

if (given !== "random") {
  const seed = Number(given)
  FastCheck.configureGlobal({ ...FastCheck.readConfigureGlobal(), seed })
  EffectFastCheck.configureGlobal({ ...EffectFastCheck.readConfigureGlobal(), seed })
}
