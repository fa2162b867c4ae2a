import { type MemberStorage, NoteChangedError } from "#store"

/** Where each member answers etcd's clients, by its number: the cluster itself knows only of its own kinds of address. */
const noteName = "etcd/client-urls"
/** Others may note theirs at the same time; all are done after a few turns. */
const attemptsMax = 20

export function clientUrlsOf(storage: MemberStorage, member: number): readonly string[] {
  return read(storage)[String(member)] ?? []
}

/** Lets the others know where this member is found; tries again whenever the leader changes until they do. */
export class ClientUrls {
  readonly #storage: MemberStorage
  readonly #urls: readonly string[]
  readonly #end: () => void
  #publishing = false

  constructor(storage: MemberStorage, urls: readonly string[]) {
    this.#storage = storage
    this.#urls = urls
    this.#end = storage.cluster.onChange(() => this.#publish())
    this.#publish()
  }

  stop(): void {
    this.#end()
  }

  #publish(): void {
    if (this.#publishing || this.#storage.cluster.leader() === 0) return
    this.#publishing = true
    this.#write()
      .catch(() => undefined) // no leader, or none any more: its successor is waited for
      .finally(() => {
        this.#publishing = false
      })
  }

  async #write(): Promise<void> {
    const { cluster } = this.#storage
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const urls = read(this.#storage)
      if (JSON.stringify(urls[cluster.self]) === JSON.stringify(this.#urls)) return
      const present = cluster.members().map(({ id }) => String(id))
      const others = Object.entries(urls).filter(([member]) => present.includes(member))
      const changed = Object.fromEntries([...others, [cluster.self, this.#urls]])
      const { version } = this.#storage.note(noteName)
      try {
        await this.#storage.setNote(noteName, Buffer.from(JSON.stringify(changed)), version)
        return
      } catch (error) {
        if (!(error instanceof NoteChangedError)) throw error
        await this.#storage.confirmRead()
      }
    }
  }
}

function read(storage: MemberStorage): Readonly<Record<string, readonly string[]>> {
  const { version, value } = storage.note(noteName)
  return version === 0 ? {} : (JSON.parse(Buffer.from(value).toString()) as Record<string, readonly string[]>)
}
