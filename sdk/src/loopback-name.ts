/** Whether a name leads everybody who asks to themselves: `localhost` and all below it (RFC 6761, section 6.3). */
export function isLoopbackName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost")
}
