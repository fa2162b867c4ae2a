import {
  closeSync,
  constants,
  type FSWatcher,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  watch,
  writeSync,
} from "node:fs"

const chunkBytes = 64 * 1024
/** After so much somebody else has a turn. */
const turnBytes = 1024 * 1024
/** As much that was dealt with is worth giving back to the disk. */
const spentBytesMin = 4 * 1024 * 1024
const progressBytes = 8

/** Reused: whoever takes a chunk is done with it when it returns, or copies it. */
const buffer = Buffer.alloc(chunkBytes)

export interface OutputTailOptions {
  /** What a container says, as it has said it; its shim appends to it. Made when it is not there. */
  readonly path: string
  /** Where is written how far it was dealt with; outlives this process. */
  readonly progressPath: string
  /** Deals with a chunk. Returns how many bytes at the end of all that was given are not dealt with yet. */
  take(chunk: Buffer): number
  /** All before `until` is not needed any more. */
  spent(until: number): void
}

/**
 * Reads what is appended to a file, from where an earlier reader has come to: what is said while nobody reads waits on the
 * disk, and who says it waits for nobody. A reader that is killed has its last chunk dealt with twice at most.
 */
export class OutputTail {
  readonly #options: OutputTailOptions
  readonly #file: number
  /** Most containers say nothing for long: opened when there is something to be noted. */
  #progressFile: number | undefined
  readonly #progress = Buffer.alloc(progressBytes)
  readonly #watcher: FSWatcher
  #offset: number
  #spent = 0
  #again: NodeJS.Immediate | undefined

  constructor(options: OutputTailOptions) {
    this.#options = options
    this.#file = openSync(options.path, constants.O_RDONLY | constants.O_CREAT, 0o600)
    this.#offset = fstatSync(this.#file).size === 0 ? 0 : progressOf(options.progressPath)
    // An error of it is nobody's to hear: the thread fails, and another one reads on.
    this.#watcher = watch(options.path, () => this.#read(turnBytes))
    this.#read(turnBytes)
  }

  /** Deals with all that is there: nobody appends any more. */
  finish(): void {
    this.#read(Number.POSITIVE_INFINITY)
  }

  /** The files go. */
  remove(): void {
    this.stop()
    rmSync(this.#options.path, { force: true })
    rmSync(this.#options.progressPath, { force: true })
  }

  /** Leaves the rest to a later reader. */
  stop(): void {
    clearImmediate(this.#again)
    this.#watcher.close()
    closeSync(this.#file)
    if (this.#progressFile !== undefined) closeSync(this.#progressFile)
  }

  #read(most: number): void {
    clearImmediate(this.#again)
    const until = this.#offset + most
    while (this.#offset < until) {
      const length = readSync(this.#file, buffer, 0, chunkBytes, this.#offset)
      if (length === 0) return
      this.#offset += length
      this.#note(this.#offset - this.#options.take(buffer.subarray(0, length)))
    }
    this.#again = setImmediate(() => this.#read(turnBytes))
  }

  #note(dealtWith: number): void {
    this.#progress.writeBigUInt64LE(BigInt(dealtWith))
    try {
      this.#progressFile ??= openSync(this.#options.progressPath, constants.O_RDWR | constants.O_CREAT, 0o600)
      writeSync(this.#progressFile, this.#progress, 0, progressBytes, 0)
    } catch {
      // On a full disk: a later reader deals with more of it twice, so it must still be there.
      return
    }
    if (dealtWith - this.#spent < spentBytesMin) return
    this.#spent = dealtWith
    this.#options.spent(dealtWith)
  }
}

function progressOf(path: string): number {
  try {
    const bytes = readFileSync(path)
    return bytes.length < progressBytes ? 0 : Number(bytes.readBigUInt64LE())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    return 0
  }
}
