import { createHash } from "node:crypto"
import { promisify } from "node:util"
import { zstdCompress, zstdDecompress } from "node:zlib"
import * as z from "zod"
import { DamagedBackupError } from "./backup-error.ts"
import { fileSizeMax, headerSizeMax } from "./limits.ts"

/**
 * One file of a backup: what it is, in JSON, then its records, and the checksum of all that.
 *
 *      0        8        12                                    end - 32        end
 *      ├────────┼────────┼───────────────┼──────────────────────┼───────────────┤
 *      │ WICKBAK1 │ length │ header (JSON) │ records (Zstandard) │ SHA-256 of it │
 *      └────────┴────────┴───────────────┴──────────────────────┴───────────────┘
 *
 * The header names the checksum of the file before, so that neither a missing nor a foreign file passes unseen.
 */
const magic = Buffer.from("WICKBAK1")
const headerStart = magic.length + 4
const digestSize = 32

const count = z.int().min(0)
const common = {
  format: z.literal(1),
  chain: z.string(),
  /** From 1, without a gap: of segments in their chain, of parts in their snapshot. */
  sequence: count,
  /** Checksum of the file with the number before; empty of the first. */
  previous: z.string(),
  /** Revision up to which the files before go; this one has what comes then. */
  after: count,
  /** Revision up to which this one goes. */
  revision: count,
  takenAtMs: count,
  changes: count,
  /** Bytes of the records. */
  size: count.max(fileSizeMax),
}
const headerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("segment"),
    ...common,
    /** Checksum of the changes of the last revision that there were any of: by it a store is known again. */
    head: z.string(),
    /** Who may go on with the chain: no two ever write to one. */
    writer: z.string(),
  }),
  z.strictObject({
    kind: z.literal("snapshot"),
    ...common,
    /** Where the archive was when it was begun. All changes from there on have to be applied to it. */
    base: z.strictObject({ segment: count, revision: count }),
    /** Whether this is the last part. Its `revision` is then the first at which the snapshot can be used. */
    final: z.boolean(),
  }),
])
export type BackupHeader = z.output<typeof headerSchema>
export type SegmentHeader = BackupHeader & { kind: "segment" }
export type SnapshotHeader = BackupHeader & { kind: "snapshot" }

export interface EncodedFile {
  readonly bytes: Buffer
  /** By which the next file names this one. */
  readonly digest: string
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** `size` of the header is filled in. */
export async function encodeFile<Header extends BackupHeader>(
  header: Omit<Header, "format" | "size">,
  records: readonly Buffer[],
): Promise<EncodedFile> {
  const body = Buffer.concat(records)
  const text = Buffer.from(JSON.stringify({ ...header, format: 1, size: body.length }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  const parts = [magic, length, text, await compress(body)]
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  const digest = hash.digest()
  return { bytes: Buffer.concat([...parts, digest]), digest: digest.toString("hex") }
}

export interface DecodedFile {
  readonly header: BackupHeader
  readonly body: Buffer
  readonly digest: string
}

/** Throws DamagedBackupError unless every byte is as it was written. `name` is for the message. */
export async function decodeFile(bytes: Buffer, name: string): Promise<DecodedFile> {
  const damaged = (why: string): DamagedBackupError => new DamagedBackupError(`${name} is damaged: ${why}`)
  if (bytes.length < headerStart + digestSize) throw damaged(`${bytes.length} bytes are no file of a backup`)
  if (!bytes.subarray(0, magic.length).equals(magic)) throw damaged(`it does not begin with ${magic.toString()}`)
  const end = bytes.length - digestSize
  const digest = createHash("sha256").update(bytes.subarray(0, end)).digest()
  if (!digest.equals(bytes.subarray(end))) throw damaged("its checksum is not that of what it holds")
  const bodyStart = headerStart + bytes.readUInt32LE(magic.length)
  if (bodyStart > Math.min(end, headerStart + headerSizeMax)) throw damaged("its header goes beyond its end")
  const header = readHeader(bytes.toString("utf8", headerStart, bodyStart))
  if (typeof header === "string") throw damaged(header)
  try {
    const body = await decompress(bytes.subarray(bodyStart, end), { maxOutputLength: Math.max(header.size, 1) })
    if (body.length !== header.size) throw damaged(`it holds ${body.length} bytes, not ${header.size}`)
    return { header, body, digest: digest.toString("hex") }
  } catch (error) {
    throw error instanceof DamagedBackupError ? error : damaged((error as Error).message)
  }
}

function readHeader(text: string): BackupHeader | string {
  try {
    const parsed = headerSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : z.prettifyError(parsed.error)
  } catch (error) {
    return (error as Error).message
  }
}
