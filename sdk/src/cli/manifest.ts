import { readFile } from "node:fs/promises"
import { text } from "node:stream/consumers"
import { LineCounter, parseAllDocuments } from "yaml"
import type { AnyObject } from "../api/kind.ts"
import { CommandError, exitCodes } from "./context.ts"

/** One service from a YAML or JSON file. A mistake is told with file, line and column. */
export async function readManifest(path: string): Promise<AnyObject> {
  const [service, ...others] = await readManifests(path)
  if (service && others.length === 0) return service
  throw new CommandError(
    `${path}: must hold one serving.knative.dev/v1 Service, found ${others.length + 1}`,
    `wick apply -f ${path}`,
    exitCodes.usage,
  )
}

/** Services from a file: documents, or the items of lists among them. */
export async function readManifests(path: string): Promise<AnyObject[]> {
  const objects = (await readObjects(path)).flatMap((object) =>
    object?.kind === "List" ? ((object as AnyObject & { items?: AnyObject[] }).items ?? []) : [object],
  )
  const other = objects.find((object) => !isService(object))
  if (objects.length > 0 && other === undefined) return objects
  const found = other?.kind ? `${other.apiVersion} ${other.kind}` : "no object"
  throw new CommandError(
    `${path}: must hold one serving.knative.dev/v1 Service, found ${found}`,
    `kubectl apply -f ${path}`,
    exitCodes.usage,
  )
}

function isService(object: AnyObject | null): boolean {
  return object?.kind === "Service" && object.apiVersion?.startsWith("serving.knative.dev/")
}

/** What is in a YAML or JSON file, document by document. */
export async function readObjects(path: string): Promise<AnyObject[]> {
  const lines = new LineCounter()
  const documents = parseAllDocuments(await readText(path), { lineCounter: lines })
  const all = "empty" in documents ? [] : documents
  for (const { errors } of all) {
    const [mistake] = errors
    if (!mistake) continue
    const at = lines.linePos(mistake.pos[0])
    throw new CommandError(`${path}:${at.line}:${at.col}: ${firstLine(mistake.message)}`, undefined, exitCodes.usage)
  }
  return all.map((document) => document.toJS() as AnyObject)
}

/** A file that a flag names; `-` is standard input. */
export async function readText(path: string): Promise<string> {
  try {
    return path === "-" ? await text(process.stdin) : await readFile(path, "utf8")
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${(error as Error).message}`, undefined, exitCodes.usage)
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? text
}
