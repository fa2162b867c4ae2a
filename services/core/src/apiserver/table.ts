import type { AnyObject, Column } from "@wick/sdk/api"
import { evaluateJsonPath } from "./json-path.ts"
import type { ServedResource } from "./served-resource.ts"

const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name of the object.",
  value: ({ metadata }) => metadata.name,
}
const ageColumn: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }

/** How much of an object a table's rows carry: its metadata (kubectl's wish), the whole, or nothing. */
export type IncludeObject = "Metadata" | "Object" | "None"

/** A `meta.k8s.io/v1` Table of objects: what `kubectl get` prints. */
export function tableOf(
  resource: Pick<ServedResource, "columns" | "custom">,
  objects: readonly AnyObject[],
  listMeta: object,
  include: IncludeObject,
  nowMs: number,
): object {
  const columns = columnsOf(resource)
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: listMeta,
    columnDefinitions: columns.map(({ name, type, format = "", description = "", priority = 0 }) => ({
      name,
      type: type === "date" && !resource.custom ? "string" : type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => cell(column, object, resource.custom, nowMs)),
      ...(include !== "None" && { object: include === "Object" ? object : partialOf(object) }),
    })),
  }
}

/** The name comes first, but for kinds that say where it comes. */
function columnsOf({ columns }: Pick<ServedResource, "columns">): readonly Column[] {
  if (columns.some(({ name }) => name === nameColumn.name)) return columns
  return [nameColumn, ...(columns.length > 0 ? columns : [ageColumn])]
}

function cell(column: Column, object: AnyObject, custom: boolean, nowMs: number): unknown {
  if (column.value) return column.value(object, nowMs) ?? "<none>"
  const value = evaluateJsonPath(object, column.jsonPath ?? "")
  if (value === undefined || value === null) return column.type === "date" && !custom ? "<unknown>" : null
  if (column.type === "date") return ageSince(String(value), nowMs)
  return typeof value === "object" ? JSON.stringify(value) : value
}

/** Also of custom resources, whose columns may lead to what is no date. */
function ageSince(date: string, nowMs: number): string {
  const at = Date.parse(date)
  return Number.isNaN(at) ? "<invalid>" : humanAge(nowMs - at)
}

/** The metadata of an object and nothing else. */
export function partialOf({ metadata }: AnyObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata }
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** An age as kubectl writes it: `45s`, `5m12s`, `3h4m`, `2d4h`, `400d`. */
export function humanAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 2 * minute) return `${seconds}s`
  if (seconds < 10 * minute) return pair(seconds, minute, "m", 1, "s")
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`
  if (seconds < 8 * hour) return pair(seconds, hour, "h", minute, "m")
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`
  if (seconds < 8 * day) return pair(seconds, day, "d", hour, "h")
  if (seconds < 2 * year) return `${Math.floor(seconds / day)}d`
  return pair(seconds, year, "y", day, "d")
}

function pair(seconds: number, size: number, unit: string, smallerSize: number, smaller: string): string {
  const rest = Math.floor((seconds % size) / smallerSize)
  return `${Math.floor(seconds / size)}${unit}${rest === 0 ? "" : `${rest}${smaller}`}`
}
