/**
 * The models that are known without asking a server.
 *
 * @since 0.1.0
 */

/**
 * Available with a ChatGPT plan and with an API key alike (September 2026).
 *
 * @since 0.1.0
 * @category models
 */
export const defaultModel = "gpt-5.5"
