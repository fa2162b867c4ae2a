/** Why a stream or a connection was broken off (RFC 9113, section 7). */
export const errorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
} as const

/** One of `errorCode`'s, or what a client made up. */
export type ErrorCode = number

/** What ends a whole connection: the client is told the code and, as a hint to who debugs it, the message. */
export class ConnectionError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.name = "ConnectionError"
    this.code = code
  }
}
