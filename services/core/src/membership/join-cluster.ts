import { request } from "node:https"
import { text } from "node:stream/consumers"
import type { Log } from "@wick/sdk/log"
import { authorityPath, type HandOver, handOver, type JoinRequest, membersPath } from "./hand-over.ts"
import { authorityHashOf, type Invitation, JoinError, readInvitation } from "./invitation.ts"
import { type Membership, writeMembership } from "./membership-file.ts"
import { writeSharedFiles } from "./shared-files.ts"

export interface JoinOptions extends JoinRequest {
  /** `https://host:port` of a member. */
  readonly url: string
  /** As `wick member invite` has printed it. */
  readonly token: string
  /** Home of the new member; nothing of a cluster may be in it yet. */
  readonly directory: string
  readonly log: Log
}

const timeoutMs = 30_000

/**
 * Makes this home a member of the cluster at `url`. The connection is checked against the authority that the token names
 * before the token is shown, and all that is secret travels on it. A home that has joined is only started again.
 */
export async function joinCluster(options: JoinOptions): Promise<Membership> {
  const { url, name, peerUrl, directory, log } = options
  const invitation = readInvitation(options.token)
  const authorityPem = await authorityOf(url, invitation)
  const handed = await ask(url, authorityPem, invitation, { name, peerUrl })
  const { files, ...membership } = handed
  await writeSharedFiles(directory, files)
  await writeMembership(directory, membership)
  log.info("joined a cluster", { url, member: membership.id })
  return membership
}

/** What the server says is its authority, if it is the one that the token names: whoever else answers learns nothing. */
async function authorityOf(url: string, { authorityHash }: Invitation): Promise<string> {
  const { status, body } = await call(new URL(authorityPath, url), { rejectUnauthorized: false })
  if (status !== 200) throw new JoinError(`${url} is no cluster that can be joined: it answered ${status}`)
  let hash: string
  try {
    hash = authorityHashOf(body)
  } catch {
    throw new JoinError(`${url} is no cluster that can be joined: it showed no certificate`)
  }
  if (hash !== authorityHash) throw new JoinError(`${url} belongs to another cluster than the token`)
  return body
}

async function ask(url: string, ca: string, { token }: Invitation, wanted: JoinRequest): Promise<HandOver> {
  const { status, body } = await call(new URL(membersPath, url), {
    ca,
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(wanted),
  })
  if (status === 401) throw new JoinError("the token is not known any more: ask for one with `wick member invite`")
  if (status !== 200) throw new JoinError(`${url} does not let ${wanted.name} join: ${messageOf(body)}`)
  return handOver.parse(JSON.parse(body))
}

interface Call {
  readonly ca?: string
  readonly rejectUnauthorized?: boolean
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

function call(url: URL, { body, ...options }: Call): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new JoinError(`${url.origin} does not answer: ${error.message}`))
    const outgoing = request(url, { ...options, agent: false, timeout: timeoutMs }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), fail)
    })
    outgoing.on("timeout", () => outgoing.destroy(new Error(`nothing came within ${timeoutMs / 1000} s`)))
    outgoing.on("error", fail)
    outgoing.end(body)
  })
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body
  } catch {
    return body
  }
}
