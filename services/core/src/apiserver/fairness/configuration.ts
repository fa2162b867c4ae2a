import type { FlowSchema } from "@wick/sdk/api/flowcontrol/flow-schema"
import type { PriorityLevelConfiguration } from "@wick/sdk/api/flowcontrol/priority-level-configuration"
import { flowControlObjects, mandatory } from "./bootstrap-objects.ts"
import { type Matches, matcherOf } from "./schema-match.ts"

/** How much of the server a priority level may hold, and how its requests wait. */
export interface LevelSpec {
  readonly name: string
  readonly uid: string
  /** Its requests never wait, and what they take is no one else's loss. */
  readonly isExempt: boolean
  /** Part of the server's seats, of the sum of all shares. */
  readonly shares: number
  /** Of its seats, the part that others may use while it does not. */
  readonly lendablePercent: number
  /** What it may have of others' seats, as part of its own; absent: as many as there are. */
  readonly borrowingLimitPercent?: number
  /** Absent: what finds no seat is refused at once. */
  readonly queuing?: Queuing
}

export interface Queuing {
  readonly queues: number
  readonly handSize: number
  readonly lengthMax: number
}

/** Which requests belong to a level, and which of them are one flow. The first that matches counts. */
export interface SchemaSpec {
  readonly name: string
  readonly uid: string
  readonly level: string
  readonly flows: "one" | "by user" | "by namespace"
  readonly matches: Matches
}

export interface Configuration {
  readonly levels: readonly LevelSpec[]
  /** In the order in which they are tried; the last ones take whatever comes. */
  readonly schemas: readonly SchemaSpec[]
}

export interface FlowControlObjects {
  readonly levels: readonly PriorityLevelConfiguration[]
  readonly schemas: readonly FlowSchema[]
}

const sharesDefault = 30
const queuesDefault = 64
const handSizeDefault = 8
const lengthMaxDefault = 50

/**
 * Pure: what the stored objects say. The mandatory ones count even while nobody has stored them. A schema whose level does
 * not exist is as if it were not there itself.
 */
export function configurationOf(stored: FlowControlObjects): Configuration {
  const levels = withMandatory(stored.levels, brought.levels).map(levelOf)
  const known = new Set(levels.map(({ name }) => name))
  const schemas = withMandatory(stored.schemas, brought.schemas)
    .filter((schema) => known.has(levelNameOf(schema)))
    .toSorted(
      (one, other) => precedenceOf(one) - precedenceOf(other) || (one.metadata.name < other.metadata.name ? -1 : 1),
    )
    .map(schemaOf)
  // Whoever has no group that the mandatory schema names is still somebody's request.
  const last: SchemaSpec = { name: "catch-all", uid: "", level: "catch-all", flows: "by user", matches: () => true }
  return { levels, schemas: [...schemas, { ...last, uid: schemas.find(({ name }) => name === last.name)?.uid ?? "" }] }
}

export function levelNameOf({ spec }: FlowSchema): string {
  return spec?.priorityLevelConfiguration.name ?? ""
}

function precedenceOf({ spec }: FlowSchema): number {
  return spec?.matchingPrecedence ?? 1_000
}

const brought = {
  levels: ofKind<PriorityLevelConfiguration>("PriorityLevelConfiguration"),
  schemas: ofKind<FlowSchema>("FlowSchema"),
}

function ofKind<Value>(kind: string): Value[] {
  const found = flowControlObjects().filter((object) => object.kind === kind)
  return found.filter(({ metadata }) => mandatory.includes(metadata.name ?? "")) as unknown[] as Value[]
}

function withMandatory<Value extends { readonly metadata: { readonly name: string } }>(
  stored: readonly Value[],
  needed: readonly Value[],
): Value[] {
  return [...stored, ...needed.filter(({ metadata }) => !stored.some((each) => each.metadata.name === metadata.name))]
}

function levelOf({ metadata, spec }: PriorityLevelConfiguration): LevelSpec {
  const { name, uid = "" } = metadata
  const { type, limited, exempt } = spec ?? {}
  if (type === "Exempt") {
    const { nominalConcurrencyShares: shares = 0, lendablePercent = 0 } = exempt ?? {}
    return { name, uid, isExempt: true, shares, lendablePercent }
  }
  const { nominalConcurrencyShares: shares = sharesDefault, lendablePercent = 0, borrowingLimitPercent } = limited ?? {}
  const { type: response, queuing = {} } = limited?.limitResponse ?? { type: "Reject" }
  const { queues = queuesDefault, handSize = handSizeDefault, queueLengthLimit = lengthMaxDefault } = queuing
  return {
    name,
    uid,
    isExempt: false,
    shares,
    lendablePercent,
    ...(borrowingLimitPercent !== undefined && { borrowingLimitPercent }),
    ...(response === "Queue" && { queuing: { queues, handSize, lengthMax: queueLengthLimit } }),
  }
}

function schemaOf(schema: FlowSchema): SchemaSpec {
  const { name, uid = "" } = schema.metadata
  const method = schema.spec?.distinguisherMethod?.type
  const flows = method === "ByUser" ? "by user" : method === "ByNamespace" ? "by namespace" : "one"
  return { name, uid, level: levelNameOf(schema), flows, matches: matcherOf(schema) }
}
