import { readFileSync } from "node:fs"
import { LineCounter, parseDocument } from "yaml"
import type { AnyObject } from "../api/kind.ts"
import { CommandError, exitCodes } from "./context.ts"

const standardInput = 0

/** One object from a YAML or JSON file. A mistake is told with file, line and column. */
export function readManifest(path: string): AnyObject {
  const lines = new LineCounter()
  const document = parseDocument(readText(path), { lineCounter: lines })
  const [mistake] = document.errors
  if (mistake) {
    const at = lines.linePos(mistake.pos[0])
    throw new CommandError(`${path}:${at.line}:${at.col}: ${firstLine(mistake.message)}`, undefined, exitCodes.usage)
  }
  const object = document.toJS() as AnyObject
  if (object?.kind !== "Service" || !object.apiVersion?.startsWith("serving.knative.dev/")) {
    const found = object?.kind ? `${object.apiVersion} ${object.kind}` : "no object"
    throw new CommandError(
      `${path}: must hold one serving.knative.dev/v1 Service, found ${found}`,
      `kubectl apply -f ${path}`,
      exitCodes.usage,
    )
  }
  return object
}

/** A file that a flag names; `-` is standard input. */
export function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? standardInput : path, "utf8")
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${(error as Error).message}`, undefined, exitCodes.usage)
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? text
}
