export interface Listing {
  readonly keys: readonly string[]
  /** By which the next page is asked for; undefined of the last. */
  readonly next: string | undefined
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

/** What ListObjectsV2 answers. All that is looked for are texts in elements without attributes. */
export function readListing(xml: string): Listing {
  if (!/<ListBucketResult[\s>]/.test(xml)) throw new Error("the list of the bucket is answered with something else")
  const keys = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, text = ""]) => plain(text))
  const [, isTruncated] = /<IsTruncated>\s*(\w+)\s*<\/IsTruncated>/.exec(xml) ?? []
  const [, next] = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(xml) ?? []
  if (isTruncated === "true" && next === undefined)
    throw new Error("the list of the bucket does not say how it goes on")
  return { keys, next: isTruncated === "true" && next !== undefined ? plain(next) : undefined }
}

function plain(text: string): string {
  return text.replaceAll(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return entities[name] ?? whole
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
