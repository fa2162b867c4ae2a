import { mkdtemp, readFile, rm, stat } from "node:fs/promises"
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { Node } from "@wick/sdk/api/core/node"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { openPki, type Pki } from "#pki"
import { type Cluster, type ClusterMember, clusterOfOne } from "#store"
import { startTestApi } from "../testing.ts"
import { invitationText, joinCluster, openMembersDoor, readMembership } from "./index.ts"
import { authorityHashOf, readInvitation } from "./invitation.ts"

const token = "07401b.f395accd246ae52d"
const joiner = { name: "system:bootstrap:07401b", groups: ["system:bootstrappers:control-plane"] }
const peerUrl = "https://192.168.1.8:2380"

let stack: AsyncDisposableStack
let home: string
let pki: Pki
let url: string
let members: ClusterMember[]
let asked: string[]

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  home = await mkdtemp(join(tmpdir(), "wick-member-"))
  stack.defer(() => rm(home, { recursive: true }))
  members = [{ id: 1, name: "one", peerUrls: ["https://192.168.1.7:2380"], clientUrls: [], learner: false }]
  asked = []
  pki = await openPki({
    directory: join(home, "old", "pki"),
    serverNames: [],
    clusterDomain: "cluster.local",
    clock: systemClock,
    log: silentLog,
  })
  await pki.peer("member-1")
  url = await serve()
})
afterEach(() => stack.disposeAsync())

const cluster: Cluster = {
  ...clusterOfOne,
  members: () => members,
  addMember: async ({ name = "", peerUrls }) => {
    const added = { id: 7, name, peerUrls, clientUrls: [], learner: true }
    members = [...members, added]
    return added
  },
  removeMember: async (id) => {
    members = members.filter((member) => member.id !== id)
  },
  transferLeadership: async (to) => void asked.push(`lead ${to}`),
}

/** The door behind TLS, with a guard that knows one token. */
async function serve(): Promise<string> {
  const api = stack.use(await startTestApi())
  await api.client.create(Node, { metadata: { name: "one" }, spec: { podCIDR: "10.234.0.0/16" } })
  const door = openMembersDoor({
    cluster,
    joinable: true,
    directory: join(home, "old"),
    authorityPem: pki.authorityPem,
    serviceCidr: "10.235.0.0/16",
    authorize: ({ groups }, action) => ({
      allowed:
        groups.includes("system:masters") || (groups.includes(joiner.groups[0] as string) && action.verb === "post"),
      reason: "",
    }),
    client: api.client,
    images: () => undefined,
    log: silentLog,
  })
  const over = door.over({ handle: async () => new Response("the API"), upgrade: () => {} })
  const { certificatePem: cert, privateKeyPem: key } = pki.serving
  const server: Server = createServer({ cert, key }, async (incoming, response) => {
    const body = await text(incoming)
    const { method = "GET", headers } = incoming
    asked.push(`${method} ${incoming.url} ${headers.authorization ?? ""}`.trim())
    const request = new Request(`https://x${incoming.url}`, { method, ...(body && { body }) })
    const user = headers.authorization === `Bearer ${token}` ? joiner : undefined
    const answer =
      door.public(request) ??
      (user ? await over.handle(request, user) : Response.json({ message: "Unauthorized" }, { status: 401 }))
    response.writeHead(answer.status).end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  stack.defer(() => void server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const invitation = (): string => invitationText({ token, authorityHash: authorityHashOf(pki.authorityPem) })
const join2 = (given = invitation(), name = "two") =>
  joinCluster({ url, token: given, name, peerUrl, directory: join(home, "new"), log: silentLog })

describe("a host that joins", () => {
  it("becomes a member and is handed all keys of the cluster, for itself only", async () => {
    expect(await join2()).toEqual({
      id: 7,
      peers: [[1, "https://192.168.1.7:2380"]],
      serviceCidr: "10.235.0.0/16",
      podCidrs: ["10.234.0.0/16"],
    })
    expect(await readMembership(join(home, "new"))).toMatchObject({ id: 7 })
    for (const file of ["ca.key", "ca.crt", "service-account.key", "front-proxy-ca.key", "peer-ca.key"]) {
      const [ours, theirs] = ["old", "new"].map((name) => join(home, name, "pki", file)) as [string, string]
      expect(await readFile(theirs, "utf8")).toBe(await readFile(ours, "utf8"))
      expect((await stat(theirs)).mode & 0o077).toBe(0)
    }
    // Each host has certificates of its own.
    await expect(readFile(join(home, "new", "pki", "apiserver.key"))).rejects.toThrow("ENOENT")
  })

  it("shows its token to nobody but the cluster that the token names", async () => {
    const other = invitationText({ token, authorityHash: "0".repeat(64) })
    await expect(join2(other)).rejects.toThrow("belongs to another cluster than the token")
    expect(asked).toEqual(["GET /cluster/authority"])
  })

  it("is told what is wrong: an unknown token, a name that is taken, no token at all", async () => {
    const unknown = invitation().replace(token, "aaaaaa.bbbbbbbbbbbbbbbb")
    await expect(join2(unknown)).rejects.toThrow("the token is not known any more")
    await expect(join2(invitation(), "one")).rejects.toThrow("a member one is there already")
    expect(() => readInvitation("secret")).toThrow("the form ID.SECRET.HASH")
    expect(members).toHaveLength(1)
  })
})

describe("the door of members", () => {
  const master = { name: "admin", groups: ["system:masters"] }
  const door = () =>
    openMembersDoor({
      cluster,
      joinable: false,
      directory: home,
      authorityPem: "",
      serviceCidr: "",
      authorize: ({ groups }) => ({ allowed: groups.includes("system:masters"), reason: "no rule allows it" }),
      client: undefined as never,
      images: () => async (request) => new Response(new URL(request.url).pathname),
      log: silentLog,
    }).over({ handle: async () => new Response("the API"), upgrade: () => {} })
  const ask = (method: string, path: string, user = master) =>
    door().handle(new Request(`https://x${path}`, { method }), user)

  it("lists members with their leader, and leaves all other paths to the API", async () => {
    expect(await (await ask("GET", "/cluster/members")).json()).toMatchObject({
      members: [{ name: "one", leader: true }],
    })
    expect(await (await ask("GET", "/api/v1/pods")).text()).toBe("the API")
  })

  it("has a leader hand over before it is taken out", async () => {
    members = [...members, { id: 2, name: "two", peerUrls: [], clientUrls: [], learner: false }]
    expect((await ask("DELETE", "/cluster/members/one")).status).toBe(200)
    expect(asked).toEqual(["lead 2"])
    expect(members.map(({ name }) => name)).toEqual(["two"])
    expect((await ask("DELETE", "/cluster/members/nobody")).status).toBe(404)
    expect((await ask("POST", "/cluster/members/two/lead")).status).toBe(200)
    expect(asked).toEqual(["lead 2", "lead 2"])
  })

  it("shows other hosts what the registry of this one has, and takes nothing there", async () => {
    expect(await (await ask("GET", "/cluster/registry/v2/a/manifests/b")).text()).toBe("/v2/a/manifests/b")
    expect((await ask("PUT", "/cluster/registry/v2/a/manifests/b")).status).toBe(405)
    expect((await ask("POST", "/cluster/registry/v2/a/blobs/uploads/")).status).toBe(405)
    expect(await (await ask("POST", "/cluster/registry/v2/a/tags/b")).text()).toBe("/v2/a/tags/b")
    expect((await ask("POST", "/cluster/registry/v2/a/tags/b", joiner)).status).toBe(403)
    expect((await ask("GET", "/cluster/registry/v2/a/manifests/b", joiner)).status).toBe(403)
  })

  it("lets nobody in who may not, and nobody join a host that has no peers", async () => {
    expect((await ask("GET", "/cluster/members", joiner)).status).toBe(403)
    expect((await ask("POST", "/cluster/members")).status).toBe(400)
  })
})
