/** What a connection allows before it says no, and how it does. Each has its unit in its name. */
export interface Limits {
  /** Streams of one connection that are open at the same time. More are refused (REFUSED_STREAM): ask again. */
  readonly streamsMax: number
  /** Names, values and 32 bytes for each field. A larger head is answered with 431. */
  readonly headerListBytesMax: number
  /** A header block as it is sent; a larger one cannot even be read past, and ends the connection. */
  readonly headerBlockBytesMax: number
  /** Frames of one header block, which may be empty. More end the connection. */
  readonly headerBlockFramesMax: number
  /** What a client may send on one stream before it is taken. */
  readonly streamWindowBytes: number
  /** The same of all streams of a connection. */
  readonly connectionWindowBytes: number
  /** Bytes of bodies that wait on paused streams of one connection. The stream that brings more is reset. */
  readonly heldBytesMax: number
  /** `write` says false from so many unread bytes of its stream on. */
  readonly streamUnreadBytesMin: number
  /** With more unread bytes of one connection than this, the stream that adds to them is reset (ENHANCE_YOUR_CALM). */
  readonly unreadBytesMax: number
  /** A stream of whose unread bytes the client takes none for so long is reset (ENHANCE_YOUR_CALM). */
  readonly stalledMsMax: number
  /** Answers to pings, settings and mistakes that wait for a client to read them. More end the connection. */
  readonly unreadAnswersMax: number
  /**
   * Streams that a client breaks off or spoils at once, and then each second. A client that goes beyond is not one that
   * has changed its mind, and its connection ends.
   */
  readonly resetsMax: number
  readonly resetsPerSecond: number
  /** Frames that do nothing (data without a byte, settings again), at once and then each second. More end the connection. */
  readonly emptyFramesMax: number
  readonly emptyFramesPerSecond: number
  /** The preface and the client's settings have to be there in this time. */
  readonly openingMsMax: number
  /** A connection without a stream on which nothing comes for so long is closed, with GOAWAY. */
  readonly idleMsMax: number
}

export const usualLimits: Limits = {
  streamsMax: 1_000,
  headerListBytesMax: 64 * 1024,
  headerBlockBytesMax: 128 * 1024,
  headerBlockFramesMax: 64,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 4 * 1024 * 1024,
  heldBytesMax: 64 * 1024 * 1024,
  streamUnreadBytesMin: 64 * 1024,
  unreadBytesMax: 256 * 1024 * 1024,
  stalledMsMax: 60_000,
  unreadAnswersMax: 10_000,
  resetsMax: 1_000,
  resetsPerSecond: 100,
  emptyFramesMax: 1_000,
  emptyFramesPerSecond: 100,
  openingMsMax: 10_000,
  idleMsMax: 120_000,
}
