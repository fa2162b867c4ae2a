import { readFileSync } from "node:fs"
import { request as httpRequest, type IncomingMessage } from "node:http"
import { Command } from "commander"
import { Service } from "../api/serving/service.ts"
import { isLoopbackName } from "../loopback-name.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { formatElapsed } from "./duration.ts"
import { functionAuthorities } from "./function-authority.ts"
import { readyCondition } from "./function-table.ts"
import { collect, durationOption, namespaceOption, target, withExamples } from "./target.ts"

interface InvokeOptions {
  namespace?: string
  request?: string
  header?: string[]
  data?: string
  tag?: string
  verbose?: boolean
  timeout: number
}

const timeoutMs = 300_000
const httpErrorMin = 400

export function command(context: Context): Command {
  const invoke = new Command("invoke")
    .argument("<name>", "name of the function")
    .argument("[path]", "path and query to ask for", "/")
    .option("-X, --request <method>", "HTTP method (default GET, or POST with --data)")
    .option("-H, --header <name: value>", "request header (repeat for more)", collect)
    .option("-d, --data <body>", "request body; @FILE reads a file, @- standard input")
    .option("--tag <tag>", "call the revision that has this tag")
    .option("-v, --verbose", "show the status, headers and time on stderr")
    .addOption(durationOption("--timeout <duration>", "how long to wait for the answer", timeoutMs))
    .addOption(namespaceOption())
    .action((name: string, path: string, options: InvokeOptions) => run(context, name, path, options))
  return withExamples(
    invoke,
    `wick invoke hello
wick invoke hello '/greet?name=Ada' -v
wick invoke hello -d '{"a":1}' -H 'content-type: application/json'`,
  )
}

async function run(context: Context, name: string, path: string, options: InvokeOptions): Promise<void> {
  const at = await target(context, options)
  const service = await at.client.get(Service, { name, namespace: at.namespace })
  const url = urlOf(service, options.tag)
  const startedAt = context.clock.monotonic()
  const authorities = url.protocol === "https:" ? await functionAuthorities(at.client) : undefined
  const response = await send(context, new URL(path, url), options, authorities)
  if (options.verbose) {
    const took = formatElapsed(context.clock.monotonic() - startedAt)
    context.err(`HTTP/${response.httpVersion} ${response.statusCode} ${response.statusMessage} (${took})\n`)
    for (const [header, value] of Object.entries(response.headers)) context.err(`${header}: ${value}\n`)
    context.err("\n")
  }
  for await (const chunk of response.setEncoding("utf8")) context.out(chunk as string)
  if ((response.statusCode ?? 0) >= httpErrorMin) throw refused(service, response)
}

/** A function that is not ready has mostly not answered at all: the gateway has. */
function refused(service: Service, { statusCode, statusMessage }: IncomingMessage): CommandError {
  const { name } = service.metadata
  const ready = readyCondition(service)
  const answered = `${name} answered ${statusCode} ${statusMessage}`
  if (ready?.status === "True") return new CommandError(answered, `wick logs ${name}`)
  const why = [ready?.reason, ready?.message].filter(Boolean).join(": ")
  return new CommandError(`${answered}; it is not ready${why && `: ${why}`}`, `wick describe ${name}`)
}

function urlOf(service: Service, tag: string | undefined): URL {
  const { name } = service.metadata
  const tagged = service.status?.traffic?.find((target) => target.tag === tag)?.url
  const url = tag === undefined ? service.status?.url : tagged
  if (url) return new URL(url)
  if (tag !== undefined) throw new CommandError(`${name} has no tag ${tag}`, `wick traffic ${name}`, exitCodes.notFound)
  const ready = readyCondition(service)
  throw new CommandError(
    `${name} has no URL yet${ready?.reason ? `: ${ready.reason}: ${ready.message ?? ""}` : ""}`,
    `wick describe ${name}`,
    exitCodes.notReady,
  )
}

/** Names that lead to this machine do so whatever its resolver says. */
async function send(
  context: Context,
  url: URL,
  options: InvokeOptions,
  authorities: string[] | undefined,
): Promise<IncomingMessage> {
  const body = options.data === undefined ? undefined : readBody(options.data)
  const headers = Object.fromEntries((options.header ?? []).map(splitHeader))
  const { request: begin } = authorities ? await import("node:https") : { request: httpRequest }
  const secured = authorities && { servername: url.hostname, ca: authorities }
  return new Promise((resolve, reject) => {
    const request = begin(
      {
        ...secured,
        host: isLoopbackName(url.hostname) ? "127.0.0.1" : url.hostname,
        port: url.port || (authorities ? 443 : 80),
        path: url.pathname + url.search,
        method: options.request ?? (body === undefined ? "GET" : "POST"),
        headers: { host: url.host, ...headers, ...(body && { "content-length": String(body.length) }) },
        signal: AbortSignal.any([context.interrupted, AbortSignal.timeout(options.timeout)]),
      },
      resolve,
    )
    request.once("error", (error) => reject(unanswered(url, error)))
    request.end(body)
  })
}

function unanswered(url: URL, error: NodeJS.ErrnoException): CommandError {
  if (error.code === "ENOTFOUND" || error.code === "EAI_AGAIN") {
    const next = `curl -H 'Host: ${url.host}' http://GATEWAY, or have its name server lead there`
    return new CommandError(`no name server knows ${url.hostname}`, next, exitCodes.unreachable)
  }
  return new CommandError(`${url.host} did not answer: ${error.message}`, "wick status", exitCodes.unreachable)
}

function readBody(data: string): Buffer {
  if (!data.startsWith("@")) return Buffer.from(data)
  return readFileSync(data === "@-" ? 0 : data.slice(1))
}

function splitHeader(text: string): [string, string] {
  const at = text.indexOf(":")
  if (at < 1) throw new CommandError(`-H '${text}': must be 'name: value'`, undefined, exitCodes.usage)
  return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()]
}
