import { Option } from "commander"
import { isStatus } from "../api/meta/status-error.ts"
import { Service } from "../api/serving/service.ts"
import { authored } from "./export/exported.ts"
import type { NewService } from "./flags/draft.ts"
import type { Target } from "./target.ts"

/** Times that an update is tried again when somebody else wrote in between. */
const conflictRetriesMax = 5

export interface Saved {
  /** As it is stored; as it would be sent when the client is only to show that. */
  readonly service: NewService
  readonly change: "created" | "updated" | "unchanged"
}

export type DryRun = "client" | "server" | undefined

export function dryRunOption(): Option {
  return new Option(
    "--dry-run <who>",
    "send nothing (client), or let the server check it without keeping it (server)",
  ).choices(["client", "server"])
}

/** Creates or updates a service as `make` says, which is asked again when somebody else was faster. */
export async function save(
  at: Target,
  name: string,
  make: (existing: NewService | undefined) => NewService | Promise<NewService>,
  dryRun: DryRun,
): Promise<Saved> {
  const write = { fieldManager: "wick", fieldValidation: "Strict", dryRun: dryRun === "server" } as const
  for (let attempt = 1; ; attempt++) {
    const existing = await findService(at, name)
    const service = await make(existing)
    if (dryRun === "client") return { service: asAuthored(service), change: existing ? "updated" : "created" }
    try {
      if (!existing) return { service: await at.client.create(Service, service, write), change: "created" }
      const after = await at.client.update(Service, service, write)
      const same = after.metadata.resourceVersion === existing.metadata.resourceVersion
      return { service: after, change: same ? "unchanged" : "updated" }
    } catch (error) {
      if (!isStatus(error, "Conflict", "AlreadyExists") || attempt >= conflictRetriesMax) throw error
    }
  }
}

/** What is only shown is a file to keep: what the server has written into it would be in the way of applying that later. */
function asAuthored(service: NewService): NewService {
  const { name, ...metadata } = authored(service.metadata as Parameters<typeof authored>[0])
  return { ...service, metadata: { name, namespace: service.metadata.namespace, ...metadata } }
}

export async function findService(at: Target, name: string): Promise<NewService | undefined> {
  try {
    return (await at.client.get(Service, { name, namespace: at.namespace })) as NewService
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}
