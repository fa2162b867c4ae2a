import { DamagedBackupError } from "./backup-error.ts"
import { type BackupHeader, type DecodedFile, decodeFile } from "./backup-file.ts"
import type { Segment, Snapshot } from "./catalog.ts"
import type { Destination } from "./destination.ts"
import { readName } from "./object-name.ts"

/** Files fetched before they are needed: distant places answer late, and many at once. */
const fetchedAhead = 4

export interface ReadFile extends DecodedFile {
  readonly name: string
  /** As it is kept. */
  readonly bytes: Buffer
}

/** Files in order, each whole and what its name says. Throws DamagedBackupError, NotInBackupError. */
export async function* readFiles(destination: Destination, names: readonly string[]): AsyncGenerator<ReadFile> {
  const fetched: Promise<Buffer>[] = []
  const fetchNext = (): void => {
    const name = names[started]
    if (name === undefined) return
    started++
    const bytes = destination.get(name)
    bytes.catch(() => {}) // told when it is its turn
    fetched.push(bytes)
  }
  let started = 0
  for (let ahead = 0; ahead < fetchedAhead; ahead++) fetchNext()
  for (const name of names) {
    const bytes = await (fetched.shift() as Promise<Buffer>)
    fetchNext()
    const file = await decodeFile(bytes, name)
    expectNamed(name, file.header)
    yield { ...file, name, bytes }
  }
}

/** Whether a file follows on the one before. */
export function expectFollows(name: string, header: BackupHeader, before: DecodedFile | undefined): void {
  if (before === undefined) return
  const wrong = (why: string): DamagedBackupError =>
    new DamagedBackupError(`${name} does not follow on the file before: ${why}`)
  if (header.previous !== before.digest) throw wrong("it names another one's checksum")
  if (header.sequence !== before.header.sequence + 1) throw wrong(`it is number ${header.sequence}`)
  if (header.after !== before.header.revision)
    throw wrong(`it goes on from revision ${header.after}, not ${before.header.revision}`)
}

export function namesOf(snapshot: Snapshot, segments: readonly Segment[]): readonly string[] {
  return [...snapshot.parts, ...segments.map(({ name }) => name)]
}

/** A file under another's name would be whole, and yet wrong. */
function expectNamed(name: string, header: BackupHeader): void {
  const named = readName(name)
  const fits =
    named?.kind === "segment"
      ? header.kind === "segment" &&
        named.chain === header.chain &&
        named.sequence === header.sequence &&
        named.after === header.after &&
        named.revision === header.revision
      : named?.kind === "part" &&
        header.kind === "snapshot" &&
        named.chain === header.chain &&
        named.part === header.sequence &&
        named.base.segment === header.base.segment &&
        named.base.revision === header.base.revision &&
        (named.final !== undefined) === header.final &&
        (named.final === undefined || named.final.revision === header.revision)
  if (!fits) throw new DamagedBackupError(`${name} is damaged: it holds another file than its name says`)
}
