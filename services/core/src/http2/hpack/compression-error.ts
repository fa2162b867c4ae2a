/** A header block that cannot be read. Tables of both ends may differ from then on: the connection is over. */
export class CompressionError extends Error {
  override readonly name = "CompressionError"
}
