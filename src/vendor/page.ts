/**
 * The script of the page of a server: built packages have the bundle of `src/page/` here.
 *
 * @internal
 */
export const script: string = ""
