import * as z from "zod"
import type { Data, MapDefinition } from "./setting.ts"

/** The severities that can be asked for; nothing below is written. */
export type LogLevel = "debug" | "info" | "warn" | "error"

export interface Logging {
  readonly level: LogLevel | undefined
  /** Level by component: controller, autoscaler, activator, webhook. */
  readonly levels: Readonly<Record<string, LogLevel>>
}

const levelKey = "loglevel."
const encoderKey = "zap-logger-config"
const components = ["controller", "autoscaler", "activator", "webhook"] as const
/** Parts of the platform that have a log of their own. */
export type Component = (typeof components)[number]
const levels: Readonly<Record<string, LogLevel>> = {
  debug: "debug",
  info: "info",
  "": "info",
  warn: "warn",
  error: "error",
  dpanic: "error",
  panic: "error",
  fatal: "error",
}

const schema = z.record(z.string(), z.string()).transform((data, context): Logging => {
  const complain = (message: string): void => void context.issues.push({ code: "custom", message, input: data })
  const read = (text: string): LogLevel | undefined => {
    const level = levels[text.toLowerCase()]
    if (level === undefined) complain(`invalid logging level: ${text}`)
    return level
  }
  const own = Object.entries(data).flatMap(([key, text]): [string, LogLevel][] => {
    const level = key.startsWith(levelKey) && text !== "" ? read(text) : undefined
    return level === undefined ? [] : [[key.slice(levelKey.length), level]]
  })
  const common = data[encoderKey] ? commonLevel(data[encoderKey], complain) : undefined
  const level = common === undefined ? undefined : read(common)
  return context.issues.length === 0 ? { level, levels: Object.fromEntries(own) } : z.NEVER
})

function commonLevel(text: string, complain: (message: string) => void): string | undefined {
  try {
    const { level } = JSON.parse(text) as { level?: unknown }
    return typeof level === "string" ? level : undefined
  } catch (error) {
    complain(`${encoderKey} is no JSON: ${(error as Error).message}`)
    return undefined
  }
}

const example = [
  "# The least that is written: debug, info, warn or error, in the form of Knative's maps. Of this JSON only the",
  "# level is read: lines always are JSON on standard error.",
  `${encoderKey}: |`,
  '  { "level": "info" }',
  "",
  "# The same for one part of the platform.",
  ...components.map((component) => `${levelKey}${component}: "info"`),
].join("\n")

/** How much the platform writes of what it does. */
export const loggingMap: MapDefinition<Logging> = {
  name: "config-logging",
  description: "How much the platform writes of what it does.",
  settings: {},
  schema: schema as unknown as z.ZodType<Logging, Data>,
  example,
}
