/** Characters of all warnings of an answer together; beyond, each is cut short, and what still does not fit is left out. */
const charactersMax = 4_096
const charactersMaxWhenMany = 256

/**
 * Values of `Warning` headers (RFC 7234, code 299) for texts in any language, as clients of Kubernetes read them: quoted
 * UTF-8, each text once, never so much that the header grows out of bounds.
 */
export function warningHeaders(texts: readonly string[]): string[] {
  const unique = [...new Set(texts)]
  const isMuch = unique.reduce((sum, text) => sum + text.length, 0) > charactersMax
  const values: string[] = []
  let used = 0
  for (const text of unique) {
    const shown = isMuch ? text.slice(0, charactersMaxWhenMany).toWellFormed() : text
    used += shown.length
    if (used > charactersMax) break
    values.push(`299 - ${quoted(shown)}`)
  }
  return values
}

/** Bytes of UTF-8, one character each, since that is how a header is given to Node. */
function quoted(text: string): string {
  return Buffer.from(JSON.stringify(text.replace(/[\p{Cc}]+/gu, " ")), "utf8").toString("latin1")
}
