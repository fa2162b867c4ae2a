import { constants } from "node:fs"
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"

/**
 * The directory that the log is in. Whatever resolves is durable: on this rests that no acknowledged write is lost.
 * Errors are the system's own, with their `code`.
 */
export interface Disk {
  /** For messages to people. */
  path(name: string): string
  list(): Promise<readonly string[]>
  read(name: string): Promise<Buffer>
  /** Makes a file of zeros whose every block is allocated, so that writing into it never needs more space. */
  allocate(name: string, size: number): Promise<void>
  open(name: string): Promise<LogFile>
  rename(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
}

export interface LogFile {
  /** Resolves when the bytes are on the disk. One write at a time. */
  write(bytes: Uint8Array, offset: number): Promise<void>
  close(): Promise<void>
}

const zeros = Buffer.alloc(1024 * 1024)

export async function openDisk(directory: string): Promise<Disk> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = (name: string): string => join(directory, name)
  return {
    path,
    list: () => readdir(directory),
    read: (name) => readFile(path(name)),
    allocate: async (name, size) => {
      await using file = await open(path(name), "w", 0o600)
      for (let at = 0; at < size; at += zeros.length) {
        await writeAll(file, zeros.subarray(0, Math.min(zeros.length, size - at)), at)
      }
      await file.datasync()
    },
    // O_DSYNC makes each write durable by itself: one trip to the thread pool where write and fdatasync are two.
    open: async (name) => {
      const file = await open(path(name), constants.O_WRONLY | constants.O_DSYNC)
      return { write: (bytes, offset) => writeAll(file, bytes, offset), close: () => file.close() }
    },
    rename: async (from, to) => {
      await rename(path(from), path(to))
      await syncDirectory(directory)
    },
    remove: async (name) => {
      await rm(path(name), { force: true })
      await syncDirectory(directory)
    },
  }
}

/** The system may write less than it is asked to, just before the disk is full or the file too large. */
async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
}

/** A name is durable only when its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, "r")
  await handle.sync()
}
