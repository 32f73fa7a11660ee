/**
 * The token of the server. It comes once, behind the `#` of the address, which no server sees; it is taken out of the
 * address at once, and stays as long as the tab.
 */
const name = "effixir.token"

const pattern = /^#token=([^&]+)$/

/** Whether the address has one now. */
export const isGiven = (): boolean => pattern.test(location.hash)

export const take = (): string | null => {
  const [, given] = pattern.exec(location.hash) ?? []
  if (given !== undefined) {
    keep(decoded(given))
    history.replaceState(null, "", location.pathname)
  }
  return sessionStorage.getItem(name)
}

/** A part of the address as it is meant, or as it stands. */
export const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export const keep = (token: string): void => sessionStorage.setItem(name, token)

export const forget = (): void => sessionStorage.removeItem(name)
