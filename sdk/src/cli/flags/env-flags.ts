import type { RevisionContainer } from "../../api/serving/revision-spec.ts"
import { type Flag, readEdits, wrong } from "./flag.ts"
import { type KeptObject, readKeptObject } from "./kept-object.ts"

type Variable = NonNullable<RevisionContainer["env"]>[number]
type VariableSource = NonNullable<RevisionContainer["envFrom"]>[number]

/** Environment variables: from the line, a file, or what is kept in ConfigMaps and Secrets. */
export const envFlags: readonly Flag[] = [
  {
    name: "env-file",
    takes: "<path>",
    help: "file with a KEY=VALUE line for each environment variable",
    file: true,
    container: true,
    read: (texts) => {
      const { set } = readEdits("env-file", texts.flatMap(linesOf))
      return ({ container }) => setVariables(container, set, (value) => ({ value }))
    },
  },
  {
    name: "env-value-from",
    takes: "<key=cm:map:key>",
    help: "environment variable from a key of a ConfigMap (cm:) or Secret (secret:); KEY- removes it",
    many: true,
    container: true,
    read: (pairs) => {
      const { set, gone } = readEdits("env-value-from", pairs)
      const sources = new Map([...set].map(([key, text]) => [key, valueSource(`${key}=${text}`, text)]))
      return ({ container }) => {
        dropVariables(container, gone)
        setVariables(container, sources, (valueFrom) => ({ valueFrom }))
      }
    },
  },
  {
    name: "env",
    short: "e",
    takes: "<key=value>",
    help: "environment variable; KEY- removes it",
    many: true,
    container: true,
    read: (pairs) => {
      const { set, gone } = readEdits("env", pairs)
      return ({ container }) => {
        dropVariables(container, gone)
        setVariables(container, set, (value) => ({ value }))
      }
    },
  },
  {
    name: "env-from",
    takes: "<cm:map>",
    help: "all keys of a ConfigMap (cm:) or Secret (secret:) as environment variables; cm:NAME- removes them",
    many: true,
    container: true,
    read: (texts) => {
      const sources = texts.map((text) => ({ gone: text.endsWith("-"), source: readSource(text) }))
      return ({ container }) => {
        let list = container.envFrom ?? []
        for (const { gone, source } of sources) {
          list = list.filter((each) => !sameSource(each, source))
          if (!gone) list.push(sourceOf(source))
        }
        container.envFrom = list
      }
    },
  },
]

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.trimStart().startsWith("#"))
}

/** Those that are there already keep their place: a later one may refer to an earlier one. */
function setVariables<Given>(
  container: RevisionContainer,
  given: ReadonlyMap<string, Given>,
  write: (given: Given) => Omit<Variable, "name">,
): void {
  const env = [...(container.env ?? [])]
  for (const [name, each] of given) {
    const at = env.findIndex((variable) => variable.name === name)
    env.splice(at < 0 ? env.length : at, 1, { name, ...write(each) })
  }
  if (env.length > 0) container.env = env
}

function dropVariables(container: RevisionContainer, gone: ReadonlySet<string>): void {
  if (container.env) container.env = container.env.filter(({ name }) => !gone.has(name))
}

function valueSource(pair: string, text: string): NonNullable<Variable["valueFrom"]> {
  const at = text.lastIndexOf(":")
  const key = text.slice(at + 1)
  const from = readKeptObject(text.slice(0, Math.max(at, 0)))
  if (!from || key === "") {
    throw wrong("env-value-from", pair, "must be KEY=cm:CONFIGMAP:KEY or KEY=secret:SECRET:KEY")
  }
  const { kind, name } = from
  return kind === "Secret" ? { secretKeyRef: { name, key } } : { configMapKeyRef: { name, key } }
}

function readSource(text: string): KeptObject {
  const source = readKeptObject(text.replace(/-$/, ""))
  if (!source) throw wrong("env-from", text, "must be cm:CONFIGMAP or secret:SECRET, with - behind it to take it away")
  return source
}

function sourceOf({ kind, name }: KeptObject): VariableSource {
  return kind === "Secret" ? { secretRef: { name } } : { configMapRef: { name } }
}

function sameSource(one: VariableSource, { kind, name }: KeptObject): boolean {
  return (kind === "Secret" ? one.secretRef : one.configMapRef)?.name === name
}
