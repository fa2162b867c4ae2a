import { Node } from "@wick/sdk/api/core/node"
import type { Client } from "@wick/sdk/client"
import { uniqueVolumeName } from "@wick/sdk/volume-names"
import { recordsOf, type VolumeRecord } from "./volume-record.ts"

export interface VolumesInUseOptions {
  readonly client: Client
  readonly nodeName: string
  /** All pods' directories. */
  readonly pods: string
}

/** Tells in the node's status which attached volumes it may have mounted: those are not detached from it. */
export class VolumesInUse {
  readonly #options: VolumesInUseOptions
  #told: readonly string[] | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(options: VolumesInUseOptions) {
    this.#options = options
  }

  /** Resolves when the API knows what is on the disk now; asks nothing of it when it does already. */
  tell(): Promise<void> {
    const turn = this.#turn.then(() => this.#tell())
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** The same, when something may have been given back: a node that has told of nothing has nothing to take back. */
  tellLess(): Promise<void> {
    return this.#told?.length === 0 ? Promise.resolve() : this.tell()
  }

  async #tell(): Promise<void> {
    const { client, nodeName: name, pods } = this.#options
    const inUse = namesOf((await recordsOf(pods)).values())
    this.#told ??= await this.#read()
    if (JSON.stringify(inUse) === JSON.stringify(this.#told)) return
    const body = { status: { volumesInUse: inUse.length > 0 ? inUse : null } }
    await client.patch(Node, { name }, { type: "merge", body }, { subresource: "status" })
    this.#told = inUse
  }

  async #read(): Promise<readonly string[]> {
    const { client, nodeName: name } = this.#options
    return (await client.get(Node, { name })).status?.volumesInUse ?? []
  }
}

/** Pure. */
function namesOf(records: Iterable<VolumeRecord>): string[] {
  const attached = [...records].filter((record) => record.attached)
  const names = attached.map(({ driverName: driver, volumeHandle }) => uniqueVolumeName({ driver, volumeHandle }))
  return [...new Set(names)].sort()
}
