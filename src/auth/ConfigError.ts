/**
 * The error for a setting that cannot be used.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * - `key` the setting
 * - `source` where it was set: a file, a flag, or a variable of the environment
 * - `expected` which values are valid
 *
 * @since 0.1.0
 * @category errors
 */
export class ConfigError extends Schema.TaggedError<ConfigError>("effixir/auth/ConfigError")("ConfigError", {
  key: Schema.String,
  source: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `${this.key} in ${this.source} cannot be used: ${this.expected}`
  }
}
