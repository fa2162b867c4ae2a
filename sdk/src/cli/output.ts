import { Option } from "commander"
import type { ObjectMeta } from "../api/meta/object-meta.ts"
import type { Context } from "./context.ts"
import { formatTable, type TableColumn } from "./table.ts"

interface Printable {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

export type OutputFormat = "table" | "wide" | "json" | "yaml" | "name"

export function outputOption(): Option {
  return new Option("-o, --output <format>", "how to print the result").choices(["wide", "json", "yaml", "name"])
}

/** What `-o name` calls an object: kubectl's `resource.group/name`. */
export function objectName(object: Printable): string {
  const group = object.apiVersion.includes("/") ? `.${object.apiVersion.split("/")[0]}` : ""
  return `${object.kind.toLowerCase()}${group}/${object.metadata.name}`
}

/** Prints objects in the format asked for: a table of `columns`, or the objects themselves. */
export async function printObjects<Item extends Printable>(
  context: Context,
  format: OutputFormat | undefined,
  items: readonly Item[],
  columns: readonly TableColumn<Item>[],
): Promise<void> {
  if (format === undefined || format === "table" || format === "wide") {
    return context.out(formatTable(columns, items, format === "wide"))
  }
  if (format === "name") return context.out(items.map((item) => `${objectName(item)}\n`).join(""))
  await printData(context, format, { apiVersion: "v1", kind: "List", metadata: {}, items })
}

/** Whether a format is one of those that print data whole. */
export function isData(format: OutputFormat | undefined): format is "json" | "yaml" {
  return format === "json" || format === "yaml"
}

/** Prints one value as JSON or YAML. */
export async function printData(context: Context, format: "json" | "yaml", value: unknown): Promise<void> {
  if (format === "json") return context.out(`${JSON.stringify(value, undefined, 2)}\n`)
  const { stringify } = await import("yaml")
  context.out(stringify(value))
}
