import { join } from "node:path"
import * as z from "zod"
import { readSecretFile, writeSecretFile } from "#pki"

const schema = z.object({
  id: z.int().min(1),
  /** Number → URL of those who were members when this one joined; later ones the store tells of. */
  peers: z.array(z.tuple([z.int().min(1), z.url()])),
  /** Of the cluster, as its founder chose it. */
  serviceCidr: z.string(),
  /** Pod ranges of the other hosts at that time. */
  podCidrs: z.array(z.string()),
})

/** Which member of which cluster a home's store is; absent in the home of a founder. */
export type Membership = z.output<typeof schema>

const fileName = "member.json"

export async function readMembership(home: string): Promise<Membership | undefined> {
  const text = await readSecretFile(join(home, fileName))
  return text === undefined ? undefined : schema.parse(JSON.parse(text))
}

/** The last step of joining: a home without it has not joined. */
export async function writeMembership(home: string, membership: Membership): Promise<void> {
  await writeSecretFile(join(home, fileName), `${JSON.stringify(schema.parse(membership), undefined, 2)}\n`)
}
