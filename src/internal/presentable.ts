const maxMessage = 500
/** In characters, of what is read of a message: what a person is told is shorter. */
const maxRead = 8000

/** One line of limited length, without credentials: a server may quote the request. */
export const presentable = (message: string): string => oneLine(message).slice(0, maxMessage)

/** The same, long enough to tell what kind of failure it is. */
export const oneLine = (message: string): string =>
  message.slice(0, maxRead).replaceAll(/\bBearer\s+\S+/gi, "Bearer …").replaceAll(/\bsk-[\w-]{8,}/g, "sk-…")
    .replaceAll(/\s+/g, " ").trim()
