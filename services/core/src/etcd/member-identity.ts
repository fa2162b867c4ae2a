import type { Clock, Random } from "@wick/sdk/clock"
import { type MemberStorage, NoteChangedError, NotLeaderError, UnavailableError } from "#store"

/** What members and clusters are told apart by. Chosen once, at random, and kept in the store. */
export interface MemberIdentity {
  readonly clusterId: number
  readonly memberId: number
  /** etcd's number of the member that has this one in the cluster; 0 for 0, which is nobody. */
  idOf(member: number): number
  /** The other way round; of a number that is no member's, one that is no member's either. */
  memberOf(id: number): number
}

const noteName = "etcd/identity"
/** Numbers that JavaScript holds exactly; etcd's have eleven bits more. */
const idMax = 2 ** 52

interface Chosen {
  readonly clusterId: number
  /** Of the member that founded the cluster, whose number is 1; the others' follow it. */
  readonly memberId: number
}

/** Time between attempts to agree with the others on a number, and how many there are: who joins has much to catch up on. */
const retryMs = 500
const attemptsMax = 1_200

export async function openIdentity(storage: MemberStorage, clock: Clock, random: Random): Promise<MemberIdentity> {
  const { clusterId, memberId: founderId } = read(storage) ?? (await choose(storage, clock, random))
  const idOf = (member: number): number => (member === 0 ? 0 : 1 + ((founderId + member - 2) % (idMax - 1)))
  const memberOf = (id: number): number => (id === 0 ? 0 : 1 + ((id - founderId + idMax - 1) % (idMax - 1)))
  return { clusterId, memberId: idOf(storage.cluster.self), idOf, memberOf }
}

async function choose(storage: MemberStorage, clock: Clock, random: Random): Promise<Chosen> {
  const made = { clusterId: 1 + random.below(idMax - 1), memberId: 1 + random.below(idMax - 1) }
  for (let attempt = 1; ; attempt++) {
    try {
      await storage.setNote(noteName, Buffer.from(JSON.stringify(made)), 0)
    } catch (error) {
      // Another member was first, of which this one has yet to hear; or there is no leader yet.
      const passes = [NoteChangedError, NotLeaderError, UnavailableError].some((type) => error instanceof type)
      if (!passes || attempt === attemptsMax) throw error
    }
    const chosen = read(storage)
    if (chosen !== undefined) return chosen
    await clock.sleep(retryMs)
  }
}

function read(storage: MemberStorage): Chosen | undefined {
  const note = storage.note(noteName)
  return note.version === 0 ? undefined : (JSON.parse(Buffer.from(note.value).toString()) as Chosen)
}
