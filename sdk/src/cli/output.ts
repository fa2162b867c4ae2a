import { InvalidArgumentError, Option } from "commander"
import type { ObjectMeta } from "../api/meta/object-meta.ts"
import type { Context } from "./context.ts"
import { compileJsonPath } from "./json-path/index.ts"
import { formatTable, type TableColumn } from "./table.ts"

interface Printable {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** A format that prints data whole, or the parts of it that a path names. */
export type DataFormat = "json" | "yaml" | `jsonpath${"" | "-as-json"}=${string}`
export type OutputFormat = "table" | "wide" | "name" | "url" | DataFormat

const formats = ["wide", "json", "yaml", "name"]

/** `-o`; `more` are formats that only some commands have. */
export function outputOption(...more: "url"[]): Option {
  const choices = [...formats, ...more, "jsonpath="]
  return new Option("-o, --output <format>", "how to print the result").choices(choices).argParser((text) => {
    const [, , template] = /^jsonpath(-as-json)?=(.*)$/s.exec(text) ?? []
    if (template !== undefined) checkTemplate(template)
    else if (text.endsWith("=") || !choices.includes(text)) {
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}PATH.`)
    }
    return text as OutputFormat
  })
}

function checkTemplate(template: string): void {
  try {
    compileJsonPath(template)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
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
  if (format === "name") return context.out(items.map((item) => `${objectName(item)}\n`).join(""))
  if (format === "url") return context.out(items.map(urlLine).join(""))
  if (isData(format)) return printData(context, format, { apiVersion: "v1", kind: "List", metadata: {}, items })
  context.out(formatTable(columns, items, format === "wide"))
}

/** Prints one object; `describe` is for people. */
export async function printObject<Item extends Printable>(
  context: Context,
  format: OutputFormat | undefined,
  item: Item,
  describe: () => void | Promise<void>,
): Promise<void> {
  if (format === "name") return context.out(`${objectName(item)}\n`)
  if (format === "url") return context.out(urlLine(item))
  if (isData(format)) return printData(context, format, item)
  await describe()
}

function urlLine(item: object): string {
  const { status } = item as { status?: { url?: string } }
  return status?.url ? `${status.url}\n` : ""
}

/** Whether a format is one of those that print data. */
export function isData(format: OutputFormat | undefined): format is DataFormat {
  return format === "json" || format === "yaml" || format?.startsWith("jsonpath") === true
}

/** Prints one value as JSON or YAML, or what a path finds in it (as kubectl does: without a line's end). */
export async function printData(context: Context, format: DataFormat, value: unknown): Promise<void> {
  if (format === "json") return context.out(`${JSON.stringify(value, undefined, 2)}\n`)
  if (format === "yaml") {
    const { stringify } = await import("yaml")
    return context.out(stringify(value))
  }
  const path = compileJsonPath(format.slice(format.indexOf("=") + 1))
  if (format.startsWith("jsonpath=")) return context.out(path.print(value))
  context.out(`${JSON.stringify(path.find(value), undefined, 2)}\n`)
}
