import type { Random } from "@wick/sdk/clock"
import type { MemberStorage } from "#store"

/** What members and clusters are told apart by. Chosen once, at random, and kept in the store. */
export interface MemberIdentity {
  readonly clusterId: number
  readonly memberId: number
}

const noteName = "etcd/identity"
/** Numbers that JavaScript holds exactly; etcd's have eleven bits more. */
const idMax = 2 ** 52

export async function openIdentity(storage: MemberStorage, random: Random): Promise<MemberIdentity> {
  const note = storage.note(noteName)
  if (note.version > 0) return JSON.parse(Buffer.from(note.value).toString()) as MemberIdentity
  const made = { clusterId: 1 + random.below(idMax - 1), memberId: 1 + random.below(idMax - 1) }
  await storage.setNote(noteName, Buffer.from(JSON.stringify(made)), 0)
  return made
}
