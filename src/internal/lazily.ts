/** A value that is made when it is first asked for, and then kept: a start pays only for what it uses. */
export const lazily = <A>(make: () => A): () => A => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}
