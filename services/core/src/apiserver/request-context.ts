import type { AnyObject } from "@wick/sdk/api/kind"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { AdmissionStep } from "./admission/step.ts"
import type { UserInfo } from "./authentication/user.ts"
import { managerMistake } from "./field-manager.ts"
import { invalidOption, unsupportedOption } from "./invalid-error.ts"
import type { NodeProxy } from "./node-proxy.ts"
import type { ObjectStore } from "./object-store.ts"
import type { ResourceRequest } from "./request-info.ts"
import type { ResourceRegistry } from "./resource-registry.ts"
import type { ServedResource } from "./served-resource.ts"
import type { Strategies } from "./strategy/strategy.ts"

/** What all requests share. */
export interface Server {
  readonly store: ObjectStore
  readonly registry: ResourceRegistry
  readonly strategies: Strategies
  readonly admission: readonly AdmissionStep[]
  readonly nodeProxy: NodeProxy
  /** Whether objects say which traced write has changed them. */
  readonly notesCauses: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** One request for a resource. */
export interface RequestContext {
  readonly server: Server
  readonly request: Request
  readonly info: ResourceRequest
  readonly resource: ServedResource
  readonly user: UserInfo
  /** Throws unless the user may make what the request names: some writes make an object that is not there. */
  allowCreation(): void
  /** The subresource that the write came through, where it is done as one to the whole object. */
  readonly door?: string
  /** Lines for the client's user, sent as `Warning` headers. */
  readonly warnings: string[]
}

export function isDryRun({ info }: RequestContext): boolean {
  return info.query.get("dryRun") === "All"
}

const optionKinds: Readonly<Record<string, string>> = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
  delete: "DeleteOptions",
  deletecollection: "DeleteOptions",
}

/** What a misspelt option would do is what the client asked not to: refuse it before anything is done. */
export function checkWriteOptions({ verb, query }: ResourceRequest): void {
  const kind = optionKinds[verb] ?? "CreateOptions"
  const dryRun = query.getAll("dryRun").find((value) => value !== "All")
  if (dryRun !== undefined) throw unsupportedOption(kind, "dryRun", dryRun, ["All"])
  const validation = query.get("fieldValidation")
  if (validation && !validationModes.includes(validation)) {
    throw unsupportedOption(kind, "fieldValidation", validation, ["", ...validationModes])
  }
  const mistake = managerMistake(query.get("fieldManager") ?? "")
  if (mistake) throw invalidOption(kind, mistake)
}

const validationModes = ["Ignore", "Warn", "Strict"]

/** Whole seconds, as Kubernetes writes times. */
export function timestamp({ clock }: { clock: Clock }): string {
  return `${new Date(clock.now()).toISOString().slice(0, 19)}Z`
}

export type Mutation = (live: AnyObject) => AnyObject | Promise<AnyObject>
