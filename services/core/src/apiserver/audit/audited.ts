import type { Clock } from "@wick/sdk/clock"
import type { UserInfo } from "../authentication/user.ts"
import { parseRequest, type RequestInfo } from "../request-info.ts"
import { type RequestTarget, targetOf } from "../request-target.ts"
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
      const target = at(incoming.method ?? "GET", new URL(incoming.url ?? "/", "https://apiserver"))
      const userAgent = incoming.headers["user-agent"]
      const asked = { ...target, user, peer, impersonator, userAgent, id: options.id() }
      const record = recordOf(options, asked, "Metadata")
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
      const asked = { ...at(method, new URL(url)), user, peer, userAgent, id: options.id() }
      recordOf(options, asked, "Metadata")?.("ResponseComplete", statusOf(code))
    },
  }
}

/** Who could not be told. */
const nobody: UserInfo = { name: "", groups: [] }

function at(method: string, url: URL): RequestTarget {
  return { url, info: parseRequest(method, url) }
}

const idHeader = "audit-id"
/** The id that the client has for its request, by which it finds it in the log. */
const givenId = /^[\w.:-]{1,64}$/

/** Writes an event of one request. */
type Record = (stage: Stage, more?: { annotations?: object }) => void

function judged(
  { policy, judged: tell }: AuditOptions,
  { info, user, impersonator }: Pick<AuditedRequest, "info" | "user" | "impersonator">,
): Verdict {
  const verdict = verdictOf(policy, impersonator ?? user, info)
  tell?.(verdict.level)
  return verdict
}

/** Undefined: the policy wants nothing of the request written down. `most`: no more than this, whatever it wants. */
function recordOf(options: AuditOptions, asked: AuditedRequest, most?: Level): Record | undefined {
  const verdict = judged(options, asked)
  return verdict.level === "None" ? undefined : recordFor(options, asked, verdict, most ?? verdict.level)
}

function recordFor(
  options: AuditOptions,
  asked: AuditedRequest,
  { omitted }: Verdict,
  level: Level,
  annotations: object = {},
): Record {
  const head = eventHead(options.clock, level, asked)
  return (stage, more: { annotations?: object } = {}) => {
    if (omitted.has(stage)) return
    const noted = { ...annotations, ...more.annotations }
    const annotated = Object.keys(noted).length > 0 && { annotations: noted }
    options.write({ ...head, ...stageOf(options.clock, stage), ...more, ...annotated })
  }
}

async function handle(server: Guarded, options: AuditOptions, sent: Request, who: Who): Promise<Response> {
  const { user, peer, impersonator } = who
  const target = targetOf(sent)
  const verdict = judged(options, { info: target.info, user, impersonator })
  if (verdict.level === "None") return server.handle(sent, user, peer, impersonator)
  const given = sent.headers.get(idHeader) ?? ""
  const id = givenId.test(given) ? given : options.id()
  const asked = { ...target, ...who, id, userAgent: sent.headers.get("user-agent") ?? undefined }
  const level = limited(verdict.level, asked.info)
  const annotations = keepAnnotations(sent)
  const record = recordFor(options, asked, verdict, level, annotations)
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
