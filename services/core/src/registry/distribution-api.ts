import { Readable } from "node:stream"
import { Hono } from "hono"
import type { BlobStore } from "./blob-store.ts"
import { type ManifestStore, manifestBytesMax } from "./manifest-store.ts"
import { pushedAtHeader } from "./other-registries.ts"
import type { PullThrough } from "./pull-through.ts"
import { blobUnknown, RegistryError } from "./registry-error.ts"

const repositoryForm = /^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/
const referenceForm = /^(\w[\w.-]{0,127}|sha256:[0-9a-f]{64})$/

export interface DistributionParts {
  readonly blobs: BlobStore
  readonly manifests: ManifestStore
  /** What is not here is looked for elsewhere. Absent: what is here is all that there is. */
  readonly elsewhere?: PullThrough | undefined
  /** Called when a tag was pushed or removed here. */
  readonly onTag?: ((repository: string, tag: string) => void) | undefined
  /** Called when another host says that a tag was pushed or removed there. Absent: nobody is listened to. */
  readonly onNews?: ((repository: string, tag: string) => void) | undefined
  readonly now: () => number
}

/** The endpoints of the OCI distribution specification 1.1 as one `fetch`. */
export function createDistributionApi(parts: DistributionParts): (request: Request) => Promise<Response> {
  const { manifests } = parts
  const app = new Hono()
  app.onError((error) => {
    if (error instanceof RegistryError) return error.toResponse()
    return new RegistryError("UNKNOWN", "the registry failed; its log says more", 500).toResponse()
  })
  app.get("/v2/", (context) => context.json({}))
  app.get("/v2/_catalog", async (context) => context.json({ repositories: await manifests.repositories() }))
  app.all("/v2/*", (context) => route(context.req.raw, parts))
  return async (request) => app.fetch(request)
}

/** A repository's name has slashes, so paths are taken apart from their end. */
function route(request: Request, parts: DistributionParts): Promise<Response> {
  const { blobs, manifests } = parts
  const url = new URL(request.url)
  const match = /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|tags)\/([^/]*)$/.exec(url.pathname)
  const [, repository = "", area, last = ""] = match ?? []
  if (!match || !repositoryForm.test(repository))
    throw new RegistryError("NAME_INVALID", `${url.pathname} names no repository`, 404)
  if (area === "blobs/uploads") return upload(request, url, blobs, repository, last)
  if (area === "blobs") return blob(request, parts, repository, last)
  if (area === "manifests") return manifest(request, parts, repository, last)
  if (request.method === "POST" && parts.onNews) return news(parts.onNews, repository, last)
  return tagList(manifests, repository)
}

/** Beside the specification, for registries of the same cluster: it says that there is something to be read. */
async function news(
  onNews: NonNullable<DistributionParts["onNews"]>,
  repository: string,
  tag: string,
): Promise<Response> {
  if (!referenceForm.test(tag)) throw new RegistryError("TAG_INVALID", `${tag} is no tag`, 400)
  onNews(repository, tag)
  return new Response(null, { status: 202 })
}

async function tagList(manifests: ManifestStore, name: string): Promise<Response> {
  const tags = await manifests.tags(name)
  if (tags.length === 0) throw new RegistryError("NAME_UNKNOWN", `repository ${name} is not known`, 404)
  return Response.json({ name, tags })
}

async function blob(
  request: Request,
  { blobs, elsewhere }: DistributionParts,
  repository: string,
  digest: string,
): Promise<Response> {
  // Who only asks whether it is here is about to push it.
  if (request.method === "GET") await elsewhere?.blob(repository, digest)
  const size = await blobs.size(digest)
  if (size === undefined) throw blobUnknown(digest)
  if (request.method === "DELETE") {
    await blobs.remove(digest)
    return new Response(null, { status: 202 })
  }
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    "accept-ranges": "bytes",
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "")
  const start = Number(range?.[1] ?? 0)
  const end = Math.min(range?.[2] ? Number(range[2]) : size - 1, size - 1)
  if (range && start > end) return new Response(null, { status: 416, headers: { "content-range": `bytes */${size}` } })
  const length = { ...headers, "content-length": String(size === 0 ? 0 : end - start + 1) }
  if (request.method === "HEAD" || size === 0) return new Response(null, { headers: length })
  const body = Readable.toWeb(blobs.read(digest, start, end)) as ReadableStream<Uint8Array>
  const partial = range && { "content-range": `bytes ${start}-${end}/${size}` }
  return new Response(body, { status: range ? 206 : 200, headers: { ...length, ...partial } })
}

async function upload(request: Request, url: URL, blobs: BlobStore, repository: string, id: string): Promise<Response> {
  if (id === "" && request.method === "POST") return startUpload(request, url, blobs, repository)
  if (request.method === "GET") return progress(repository, id, blobs.received(id), 204)
  if (request.method === "DELETE") {
    await blobs.cancel(id)
    return new Response(null, { status: 204 })
  }
  if (request.method === "PATCH") {
    checkStart(request, blobs.received(id))
    return progress(repository, id, await blobs.append(id, request.body), 202)
  }
  if (request.method !== "PUT") throw new RegistryError("UNSUPPORTED", `${request.method} is not supported here`, 405)
  await blobs.append(id, request.body)
  return finished(blobs, repository, id, url.searchParams.get("digest") ?? "")
}

async function startUpload(request: Request, url: URL, blobs: BlobStore, repository: string): Promise<Response> {
  const mount = url.searchParams.get("mount")
  if (mount && (await blobs.size(mount)) !== undefined) return created(repository, mount)
  const id = blobs.start()
  const digest = url.searchParams.get("digest")
  if (!digest) return progress(repository, id, 0, 202)
  await blobs.append(id, request.body)
  return finished(blobs, repository, id, digest)
}

async function finished(blobs: BlobStore, repository: string, id: string, digest: string): Promise<Response> {
  await blobs.finish(id, digest)
  return created(repository, digest)
}

function created(repository: string, digest: string): Response {
  const headers = { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest }
  return new Response(null, { status: 201, headers })
}

function progress(repository: string, id: string, received: number, status: number): Response {
  const headers = {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, received - 1)}`,
    "docker-upload-uuid": id,
  }
  return new Response(null, { status, headers })
}

/** A chunk goes on where the last one ended, or the upload would have a hole. */
function checkStart(request: Request, received: number): void {
  const start = /^(\d+)-\d+$/.exec(request.headers.get("content-range") ?? "")?.[1]
  if (start !== undefined && Number(start) !== received) {
    throw new RegistryError("BLOB_UPLOAD_INVALID", `the next chunk starts at ${received}, not at ${start}`, 416)
  }
}

async function manifest(
  request: Request,
  parts: DistributionParts,
  repository: string,
  reference: string,
): Promise<Response> {
  if (!referenceForm.test(reference))
    throw new RegistryError("TAG_INVALID", `${reference} is neither a tag nor a digest`, 400)
  if (request.method === "PUT") return putManifest(request, parts, repository, reference)
  const { manifests, elsewhere } = parts
  const found = await (elsewhere?.manifest(repository, reference) ?? manifests.get(repository, reference))
  if (!found) return manifestUnknown(manifests, repository, reference)
  if (request.method === "DELETE") return removeManifest(parts, repository, reference)
  const headers = {
    "content-type": found.mediaType,
    "docker-content-digest": found.digest,
    "content-length": String(found.bytes.length),
    ...(found.pushedAtMs !== undefined && { [pushedAtHeader]: String(found.pushedAtMs) }),
  }
  return new Response(request.method === "HEAD" ? null : new Uint8Array(found.bytes), { headers })
}

/** Of a tag that was removed it is told when, for hosts that still know it. */
async function manifestUnknown(manifests: ManifestStore, repository: string, reference: string): Promise<Response> {
  const unknown = new RegistryError("MANIFEST_UNKNOWN", `${repository}:${reference} is not known`, 404).toResponse()
  const mark = reference.startsWith("sha256:") ? undefined : await manifests.mark(repository, reference)
  if (mark?.digest === undefined && mark) unknown.headers.set(pushedAtHeader, String(mark.atMs))
  return unknown
}

async function removeManifest(
  { manifests, elsewhere, onTag, now }: DistributionParts,
  repository: string,
  reference: string,
): Promise<Response> {
  const stamp = elsewhere && ((tag: string) => elsewhere.stamp(repository, tag, now()))
  for (const tag of await manifests.remove(repository, reference, stamp)) onTag?.(repository, tag)
  return new Response(null, { status: 202 })
}

async function putManifest(
  request: Request,
  { manifests, elsewhere, onTag, now }: DistributionParts,
  repository: string,
  reference: string,
): Promise<Response> {
  const bytes = Buffer.from(await request.arrayBuffer())
  if (bytes.length > manifestBytesMax) {
    throw new RegistryError("SIZE_INVALID", `a manifest may have at most ${manifestBytesMax} bytes`, 413)
  }
  const mediaType = request.headers.get("content-type") ?? "application/vnd.oci.image.manifest.v1+json"
  const stamp = reference.startsWith("sha256:") ? undefined : await elsewhere?.stamp(repository, reference, now())
  const digest = await manifests.put(repository, reference, mediaType, bytes, stamp)
  if (!reference.startsWith("sha256:")) onTag?.(repository, reference)
  const headers = { location: `/v2/${repository}/manifests/${digest}`, "docker-content-digest": digest }
  return new Response(null, { status: 201, headers })
}
