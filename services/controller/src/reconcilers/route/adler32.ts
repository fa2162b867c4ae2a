const modulus = 65_521

/** RFC 1950 §9, of a text's UTF-8: by this Knative tells tags apart in names. */
export function adler32(text: string): number {
  let a = 1
  let b = 0
  for (const byte of Buffer.from(text)) {
    a = (a + byte) % modulus
    b = (b + a) % modulus
  }
  return b * 65_536 + a
}
