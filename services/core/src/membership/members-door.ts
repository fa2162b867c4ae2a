import { Node } from "@wick/sdk/api/core/node"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import type { Log } from "@wick/sdk/log"
import { errorResponse, type Guarded, type Security, targetOf, type UserInfo } from "#apiserver"
import type { Cluster, ClusterMember } from "#store"
import { authorityPath, type HandOver, imagesPath, joinRequest, membersPath } from "./hand-over.ts"
import { readSharedFiles } from "./shared-files.ts"

export interface MembersDoorOptions {
  readonly cluster: Cluster
  /** Whether other members could reach this one. */
  readonly joinable: boolean
  /** Home whose secrets a new member is handed. */
  readonly directory: string
  readonly authorityPem: string
  readonly serviceCidr: string
  readonly authorize: Security["authorize"]
  /** Reads nodes. */
  readonly client: Client
  /** What this host's registry of images has; undefined while it is not open. */
  readonly images: () => ((request: Request) => Promise<Response>) | undefined
  readonly log: Log
}

/**
 * The members of the cluster as paths of the API:
 *
 *     GET    /cluster/authority       the authority's certificate, for anybody
 *     GET    /cluster/members         who is a member, and who leads
 *     POST   /cluster/members         makes the asking host one, and hands it the cluster's keys
 *     DELETE /cluster/members/ID      takes one out
 *     POST   /cluster/members/ID/lead hands the lead of the store to it, and with it what runs once
 *     GET    /cluster/registry/v2/…   what this host's registry of images has, for those of other hosts
 *     POST   /cluster/registry/v2/REPOSITORY/tags/TAG  tells this host that another has something new under a tag
 *
 * It stands before the audit log, which must not learn what a new member is handed; it says itself who came and went.
 */
export interface MembersDoor {
  /** Answers what needs no sign-in. */
  public(request: Request): Response | undefined
  over(server: Guarded): Guarded
}

export function openMembersDoor(options: MembersDoorOptions): MembersDoor {
  return {
    public: (request) =>
      request.method === "GET" && targetOf(request).url.pathname === authorityPath
        ? new Response(options.authorityPem)
        : undefined,
    over: (server) => ({
      ...server,
      handle: (request, user, peer, impersonator) => {
        const { pathname } = targetOf(request).url
        const answered = pathname.startsWith(`${imagesPath}/`)
          ? images(options, request, pathname, user)
          : pathname === membersPath || pathname.startsWith(`${membersPath}/`)
            ? answer(options, request, pathname, user)
            : undefined
        if (!answered) return server.handle(request, user, peer, impersonator)
        return answered.catch((error: unknown) => errorResponse(error))
      },
      upgrade: (...upgrade) => server.upgrade(...upgrade),
    }),
  }
}

async function answer(options: MembersDoorOptions, request: Request, path: string, user: UserInfo): Promise<Response> {
  const verb = { GET: "get", POST: "post", DELETE: "delete" }[request.method]
  if (verb === undefined) throw new StatusError("MethodNotAllowed", "members are listed, added and deleted")
  expectAllowed(options, user, verb, path)
  if (verb === "get") return Response.json(await listed(options.cluster))
  const [named = "", part] = path
    .slice(membersPath.length + 1)
    .split("/")
    .map(decodeURIComponent)
  if (verb === "delete") return remove(options, named)
  if (part === "lead") return lead(options, named)
  return Response.json(await admit(options, await request.json().catch(() => undefined)))
}

function expectAllowed({ authorize }: MembersDoorOptions, user: UserInfo, verb: string, path: string): void {
  const { allowed, reason } = authorize(user, { kind: "path", verb, path })
  if (!allowed) throw new StatusError("Forbidden", `${user.name} cannot ${verb} path "${path}": ${reason}`)
}

/** Read only: images are pushed to a host's own registry, and the others are told that there is one. */
async function images(options: MembersDoorOptions, request: Request, path: string, user: UserInfo): Promise<Response> {
  const { method, signal } = request
  const tells = method === "POST" && /\/tags\/[^/]+$/.test(path)
  if (!tells && method !== "GET" && method !== "HEAD") {
    throw new StatusError("MethodNotAllowed", "images of other hosts are read")
  }
  expectAllowed(options, user, tells ? "post" : "get", path)
  const registry = options.images()
  if (!registry) throw new StatusError("ServiceUnavailable", "the registry of this host is not open yet")
  return registry(new Request(new URL(path.slice(imagesPath.length), "http://registry"), { method, signal }))
}

async function listed(cluster: Cluster): Promise<object> {
  const leader = cluster.leader()
  return {
    self: cluster.self,
    members: cluster.members().map((member) => ({ ...member, leader: member.id === leader })),
  }
}

async function admit(options: MembersDoorOptions, asked: unknown): Promise<HandOver> {
  const { cluster, joinable, directory, serviceCidr, client, log } = options
  if (!joinable) {
    throw new StatusError("BadRequest", "this cluster's first host was started without --peer: no other can join it")
  }
  const wanted = joinRequest.safeParse(asked)
  if (!wanted.success) throw new StatusError("BadRequest", `no request of a host that joins: ${wanted.error.message}`)
  const { name, peerUrl } = wanted.data
  const before = cluster.members()
  if (before.some((member) => member.name === name)) {
    throw new StatusError("Conflict", `a member ${name} is there already: remove it first with wick member remove`)
  }
  const nodes = (await client.list(Node)).items
  const { id } = await cluster.addMember({ name, peerUrls: [peerUrl] })
  log.info("a member joins", { member: id, name, peerUrl })
  return {
    id,
    peers: before.flatMap((member): [number, string][] =>
      member.peerUrls[0] ? [[member.id, member.peerUrls[0]]] : [],
    ),
    files: await readSharedFiles(directory),
    serviceCidr,
    podCidrs: nodes.flatMap(({ spec }) => (spec?.podCIDR ? [spec.podCIDR] : [])),
  }
}

function memberOf({ cluster }: MembersDoorOptions, named: string): ClusterMember {
  const found = cluster.members().find(({ id, name }) => name === named || String(id) === named)
  if (!found) throw new StatusError("NotFound", `no member ${named}`)
  return found
}

async function lead(options: MembersDoorOptions, named: string): Promise<Response> {
  const { id, name } = memberOf(options, named)
  await options.cluster.transferLeadership(id)
  options.log.info("the lead was handed over", { member: id, name })
  return Response.json({ id, name })
}

async function remove(options: MembersDoorOptions, named: string): Promise<Response> {
  const { cluster, log } = options
  const found = memberOf(options, named)
  // The leader's own going would be an election; handed over first, nobody waits for one.
  const heir = cluster.members().find(({ id, learner }) => id !== found.id && !learner)
  if (found.id === cluster.leader() && heir) await cluster.transferLeadership(heir.id)
  await cluster.removeMember(found.id)
  log.info("a member was removed", { member: found.id, name: found.name })
  return Response.json({ id: found.id, name: found.name })
}
