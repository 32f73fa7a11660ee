/** @internal */
export { Agent, Client, fetch, ProxyAgent } from "undici"
