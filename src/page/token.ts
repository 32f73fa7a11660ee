/**
 * The token of the server. It comes once, behind the `#` of the address, which no server sees; it is taken out of the
 * address at once, and stays as long as the tab.
 */
const name = "effixir.token"

export const take = (): string | null => {
  const [, given] = /^#token=([^&]+)$/.exec(location.hash) ?? []
  if (given !== undefined) {
    keep(decodeURIComponent(given))
    history.replaceState(null, "", location.pathname)
  }
  return sessionStorage.getItem(name)
}

export const keep = (token: string): void => sessionStorage.setItem(name, token)

export const forget = (): void => sessionStorage.removeItem(name)
