const passedOn = new WeakSet<Response>()

/** Marks an answer as another server's: it goes to the client as it is. */
export function relayed(response: Response): Response {
  passedOn.add(response)
  return response
}

export function isRelayed(response: Response): boolean {
  return passedOn.has(response)
}
