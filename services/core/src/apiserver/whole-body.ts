const bodyKey = Symbol("whole body")

/**
 * An answer whose body is there already. Its rim sends these bytes as they are; of another answer it has to make a stream
 * to get at the body, which costs more than all the rest of a small one.
 */
export function wholeResponse(body: string | Uint8Array, init: ResponseInit): Response {
  const response: Response & { [bodyKey]?: string | Uint8Array } = new Response(body as Uint8Array<ArrayBuffer>, init)
  response[bodyKey] = body
  return response
}

/** The body of an answer, if it is there as a whole and nobody has read it. */
export function wholeBodyOf(response: Response & { [bodyKey]?: string | Uint8Array }): string | Uint8Array | undefined {
  return response[bodyKey]
}
