/** What both ends know from the start (RFC 7541, Appendix A): names, and the values that each is often sent with. */
const rows: readonly (readonly [name: string, ...values: string[]])[] = [
  [":authority", ""],
  [":method", "GET", "POST"],
  [":path", "/", "/index.html"],
  [":scheme", "http", "https"],
  [":status", "200", "204", "206", "304", "400", "404", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
]

interface StaticEntry {
  /** Where its name stands first. */
  readonly nameIndex: number
  readonly indexOfValue: ReadonlyMap<string, number>
}

/** Names by index; the first index is 1. */
export const staticNames: readonly string[] = ["", ...rows.flatMap(([name, ...values]) => values.map(() => name))]
export const staticValues: readonly string[] = ["", ...rows.flatMap(([, ...values]) => values)]
/** Indexes beyond this one are the dynamic table's. */
export const staticEntries = staticNames.length - 1

export const staticEntryOf: ReadonlyMap<string, StaticEntry> = new Map(
  rows.map(([name, ...values]) => {
    const nameIndex = staticNames.indexOf(name)
    return [name, { nameIndex, indexOfValue: new Map(values.map((value, at) => [value, nameIndex + at])) }]
  }),
)
