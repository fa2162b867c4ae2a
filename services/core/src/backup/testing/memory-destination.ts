import { NotInBackupError } from "../backup-error.ts"
import type { Destination } from "../destination.ts"

export interface MemoryDestination extends Destination {
  readonly files: Map<string, Buffer>
  /** Why the next calls fail; undefined: they do not. */
  failure: Error | undefined
}

export function memoryDestination(): MemoryDestination {
  const files = new Map<string, Buffer>()
  const check = (): void => {
    if (destination.failure) throw destination.failure
  }
  const destination: MemoryDestination = {
    files,
    failure: undefined,
    place: "memory",
    put: async (name, bytes) => {
      check()
      files.set(name, Buffer.from(bytes))
    },
    get: async (name) => {
      check()
      const found = files.get(name)
      if (!found) throw new NotInBackupError(`${name} is not there`)
      return found
    },
    list: async () => {
      check()
      return [...files.keys()]
    },
    remove: async (name) => {
      check()
      files.delete(name)
    },
  }
  return destination
}
