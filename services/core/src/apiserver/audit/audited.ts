import type { Clock } from "@wick/sdk/clock"
import type { UserInfo } from "../authentication/user.ts"
import { parseRequest, type RequestInfo } from "../request-info.ts"
import type { Guarded } from "../security.ts"
import { keepAnnotations } from "./annotations.ts"
import { type AuditedRequest, eventHead, isLongRunning, stageOf, statusOf, type Who } from "./audit-event.ts"
import { type BodyObject, requestObjectOf, responseObjectOf, withoutManagedFields } from "./body-object.ts"
import { type Seen, tapped } from "./body-tap.ts"
import { eventBytesMax, truncated } from "./event-text.ts"
import { type AuditPolicy, type Level, type Stage, type Verdict, verdictOf } from "./policy.ts"
import { onStatus } from "./socket-status.ts"

export interface AuditOptions {
  readonly policy: AuditPolicy
  readonly clock: Clock
  /** Ids of requests. */
  readonly id: () => string
  readonly write: (event: object) => void
  /** Told at which level each request is written down. */
  readonly judged?: (level: Level) => void
}

/** Bodies of these are secrets, whatever a policy says: no more than metadata of them is written down. */
const secretBodies = new Set(["secrets", "configmaps", "tokenreviews", "serviceaccounts/token"])

/** `server`, with every request that the policy names written down, and every one that was not let in. */
export function audited(server: Guarded, options: AuditOptions): Guarded {
  return {
    handle: (request, user, peer, impersonator) => handle(server, options, request, { user, peer, impersonator }),
    upgrade: (incoming, socket, head, user, peer, impersonator) => {
      const url = new URL(incoming.url ?? "/", "https://apiserver")
      const asked = request(options, incoming.method ?? "GET", url, { user, peer, impersonator })
      const record = recordOf(options, { ...asked, userAgent: incoming.headers["user-agent"] }, "Metadata")
      if (record) {
        record("RequestReceived")
        onStatus(socket, (code) => {
          if (code !== 101) return record("ResponseComplete", statusOf(code))
          record("ResponseStarted", statusOf(code))
          socket.once("close", () => record("ResponseComplete", statusOf(code)))
        })
      }
      server.upgrade(incoming, socket, head, user, peer, impersonator)
    },
    refused: ({ method, url, user = nobody, peer, code, userAgent }) => {
      const asked = request(options, method, new URL(url), { user, peer })
      recordOf(options, { ...asked, userAgent }, "Metadata")?.("ResponseComplete", statusOf(code))
    },
  }
}

/** Who could not be told. */
const nobody: UserInfo = { name: "", groups: [] }

/** `given`: the id that the client has for its request, by which it finds it in the log. */
function request(
  { id }: AuditOptions,
  method: string,
  url: URL,
  who: Who,
  given = "",
): Omit<AuditedRequest, "userAgent"> {
  return { ...who, id: givenId.test(given) ? given : id(), url, info: parseRequest(method, url) }
}

const idHeader = "audit-id"
const givenId = /^[\w.:-]{1,64}$/

/** Writes an event of one request. */
type Record = (stage: Stage, more?: object) => void

function judged(
  { policy, judged: tell }: AuditOptions,
  { info, user, impersonator }: Omit<AuditedRequest, "userAgent">,
) {
  const verdict = verdictOf(policy, impersonator ?? user, info)
  tell?.(verdict.level)
  return verdict
}

/** Undefined: the policy wants nothing of the request written down. `most`: no more than this, whatever it wants. */
function recordOf(options: AuditOptions, asked: AuditedRequest, most?: Level): Record | undefined {
  const verdict = judged(options, asked)
  return verdict.level === "None" ? undefined : recordFor(options, asked, verdict, most ?? verdict.level)
}

function recordFor(options: AuditOptions, asked: AuditedRequest, { omitted }: Verdict, level: Level): Record {
  const head = eventHead(options.clock, level, asked)
  return (stage, more = {}) => {
    if (!omitted.has(stage)) options.write({ ...head, ...stageOf(options.clock, stage), ...more })
  }
}

async function handle(server: Guarded, options: AuditOptions, sent: Request, who: Who): Promise<Response> {
  const { user, peer, impersonator } = who
  const asked = {
    ...request(options, sent.method, new URL(sent.url), who, sent.headers.get(idHeader) ?? ""),
    userAgent: sent.headers.get("user-agent") ?? undefined,
  }
  const verdict = judged(options, asked)
  if (verdict.level === "None") return server.handle(sent, user, peer, impersonator)
  const level = limited(verdict.level, asked.info)
  const annotations = keepAnnotations(sent)
  const recordStage = recordFor(options, asked, verdict, level)
  const record: Record = (stage, more = {}) => {
    const noted = { ...annotations, ...(more as { annotations?: object }).annotations }
    recordStage(stage, { ...more, ...(Object.keys(noted).length > 0 && { annotations: noted }) })
  }
  record("RequestReceived")
  // Read beside the server, which has it whole, too, when it answers.
  const body = level === "Metadata" ? undefined : requestObjectOf(sent.clone())
  const response = await server.handle(sent, user, peer, impersonator).catch((error: unknown) => {
    record("Panic", statusOf(500))
    throw error
  })
  response.headers.set(idHeader, asked.id)
  const complete = (answer?: BodyObject): void => {
    void (body ?? nothing).then((request) => record("ResponseComplete", bodies(request, answer, response, verdict)))
  }
  if (isLongRunning(asked.info)) {
    record("ResponseStarted", statusOf(response.status))
    // Their answers are no objects, and are as long as they last.
    return verdict.omitted.has("ResponseComplete") ? response : tapped(response, 0, () => complete())
  }
  // The answer to HEAD has no body that anybody would read.
  if (level !== "RequestResponse" || sent.method === "HEAD") {
    if (body) complete()
    else record("ResponseComplete", statusOf(response.status))
    return response
  }
  const whole = (seen: Seen): void => void responseObjectOf(seen, response.headers).then(complete)
  return tapped(response, eventBytesMax, whole)
}

const nothing: Promise<BodyObject> = Promise.resolve({ kind: "none" })

function bodies(request: BodyObject, answer: BodyObject | undefined, { status }: Response, verdict: Verdict): object {
  if (request.kind === "long" || answer?.kind === "long") return { ...statusOf(status), annotations: truncated }
  const shown = verdict.omitManagedFields ? withoutManagedFields : (object: unknown) => object
  return {
    ...statusOf(status),
    ...(request.kind === "object" && { requestObject: shown(request.object) }),
    ...(answer?.kind === "object" && { responseObject: shown(answer.object) }),
  }
}

function limited(level: Level, info: RequestInfo): Level {
  if (info.kind === "path") return "Metadata"
  const { resource, subresource } = info
  return secretBodies.has(subresource === "" ? resource : `${resource}/${subresource}`) || resource === "secrets"
    ? "Metadata"
    : level
}
