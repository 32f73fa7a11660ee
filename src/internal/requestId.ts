/** What the operators of a server find a call by. Names of headers are in lower case. */
export const requestId = (headers: { readonly [name: string]: string | undefined }): string | undefined =>
  headers["x-request-id"] ?? headers["x-oai-request-id"]
