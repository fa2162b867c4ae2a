/** What has come is no message of HTTP/1.1: nothing behind it on the connection can be trusted. */
export class MalformedMessage extends Error {
  /** What a server answers with. */
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}
