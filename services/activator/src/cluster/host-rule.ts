import { isField } from "../http1/field-names.ts"
import { answerHeader, type PathView, type RuleView, revisionHeader, type SplitView } from "./ingress-view.ts"
import { WeightedChoice } from "./weighted-choice.ts"

/** What is done with a request: it is sent on, or told what the Ingress says. */
export type Passage<Target> = Onward<Target> | Told

/** Where a request goes, and what is done to it on the way. */
export interface Onward<Target> {
  readonly answer: undefined
  readonly target: Target
  /** Header pairs that the application gets in place of what the client may have sent under these names. */
  readonly headers: readonly string[] | undefined
  /** What the application finds as Host, where that is not what the client has asked for. */
  readonly host: string | undefined
  /** Of the route, by which the request came; empty where routes do not tell. */
  readonly tag: string
  /** Without TLS the client is sent to https instead. */
  readonly secureOnly: boolean
}

/**
 * The gateway itself answers with this text: whoever issues certificates asks for it at a host to see whose that is (RFC
 * 8555 §8.3). Nothing is run for that, and it is told without TLS too.
 */
export interface Told {
  readonly answer: string
  readonly target: undefined
  readonly headers: undefined
  readonly secureOnly: false
}

/** What a request is told apart by, besides its host: node's own request objects are such. */
export interface Asked {
  readonly url?: string | undefined
  /** Header pairs as they came. */
  readonly rawHeaders: readonly string[]
}

/** Of a way's requests. Where it leads to a Service that is no revision's, that is looked up for each request: it may come and go. */
type Share<Target> =
  | { readonly passage: Passage<Target> }
  | { readonly passage: undefined; readonly toService: () => Onward<Target> | undefined }

interface Way<Target> {
  readonly prefix: string
  /** Pairs of lower-cased name and value, all of which the request must have. */
  readonly matches: readonly string[]
  readonly rewriteHost: string | undefined
  readonly secureOnly: boolean
  readonly choice: WeightedChoice<Share<Target>>
}

const defaultPort = 80
const tagHeader = "Knative-Serving-Tag"
const defaultRouteHeader = "Knative-Serving-Default-Route"

/** What there is to lead to. */
export interface Targets<Target> {
  revision(namespace: string, name: string): Target
  /** Behind a port of a Service, as far as that is known. */
  service(namespace: string, name: string, port: number | string): Target | undefined
}

/** What one Ingress says of a host: ways in order, of which the first that matches counts. */
export class HostRule<Target> {
  readonly #ways: readonly Way<Target>[]
  /** The one way that all requests take, as with most hosts. */
  readonly #only: Way<Target> | undefined

  constructor(rule: RuleView, secureOnly: boolean, targets: Targets<Target>) {
    this.#ways = (rule.http?.paths ?? []).map((path) => wayOf(path, secureOnly, targets))
    const [first] = this.#ways
    const takesAll = first?.prefix === "" && first.matches.length === 0 && first.rewriteHost === undefined
    this.#only = takesAll ? first : undefined
  }

  /** `elsewhere` looks up the host that a way leads on to. */
  choose(
    asked: Asked,
    elsewhere: (host: string) => HostRule<Target> | undefined,
    depth = 0,
  ): Passage<Target> | undefined {
    const way = this.#only ?? this.#ways.find((one) => matches(one, asked))
    if (way?.rewriteHost === undefined) return taken(way)
    const rule = elsewhere(way.rewriteHost)
    if (rule === undefined) return taken(way)
    // A host that leads on to one that leads on again would have no end.
    const next = depth === 0 ? rule.choose(asked, elsewhere, depth + 1) : undefined
    if (next === undefined || next.answer !== undefined) return next
    return way.secureOnly && !next.secureOnly ? { ...next, secureOnly: true } : next
  }

  /** Revisions that it leads to. */
  targets(): Target[] {
    const passages = this.#ways.flatMap(({ choice }) => choice.targets.map(({ passage }) => passage))
    return passages.flatMap((passage) => (passage?.answer === undefined && passage ? [passage.target] : []))
  }

  /** Whether all Services that it leads to are known. */
  findsServices(elsewhere: (host: string) => HostRule<Target> | undefined): boolean {
    const own = this.#ways.filter(
      ({ rewriteHost }) => rewriteHost === undefined || elsewhere(rewriteHost) === undefined,
    )
    const shares = own.flatMap(({ choice }) => choice.targets)
    return shares.every((share) => share.passage !== undefined || share.toService() !== undefined)
  }
}

function taken<Target>(way: Way<Target> | undefined): Passage<Target> | undefined {
  const share = way?.choice.next()
  return share === undefined ? undefined : (share.passage ?? share.toService())
}

function wayOf<Target>(path: PathView, secureOnly: boolean, targets: Targets<Target>): Way<Target> {
  const weighted = path.splits.map((split) => ({
    target: shareOf(path, split, secureOnly, targets),
    weight: split.percent ?? (path.splits.length === 1 ? 100 : 0),
  }))
  return {
    prefix: path.path ?? "",
    matches: Object.entries(path.headers ?? {}).flatMap(([name, { exact }]) => [name.toLowerCase(), exact]),
    rewriteHost: path.rewriteHost || undefined,
    secureOnly,
    // What leads on to another host has that host's ways; its own are for a host that is just a Service's name.
    choice: new WeightedChoice(weighted),
  }
}

function shareOf<Target>(
  path: PathView,
  split: SplitView,
  secureOnly: boolean,
  targets: Targets<Target>,
): Share<Target> {
  const answer = split.appendHeaders?.[answerHeader]
  if (answer !== undefined) return { passage: { answer, target: undefined, headers: undefined, secureOnly: false } }
  const namespace = split.serviceNamespace
  const revision = split.appendHeaders?.[revisionHeader]
  const pairs = Object.entries({ ...path.appendHeaders, ...split.appendHeaders })
  if (revision === undefined) {
    const { rewriteHost = "" } = path
    const host = rewriteHost !== "" && isField("host", rewriteHost) ? rewriteHost : undefined
    const way = { answer: undefined, headers: headersOf(pairs), host, tag: "", secureOnly }
    const toService = (): Onward<Target> | undefined => {
      const target = targets.service(namespace, split.serviceName, split.servicePort ?? defaultPort)
      return target && { ...way, target }
    }
    return { passage: undefined, toService }
  }
  const passage = {
    answer: undefined,
    target: targets.revision(namespace, revision),
    headers: headersOf(pairs.filter(([name]) => !isInternal(name))),
    host: undefined,
    tag: tagOf(path),
    secureOnly,
  }
  return { passage }
}

/** An Ingress may be anybody's: what would be more than a header line is left out. */
function headersOf(pairs: readonly (readonly [string, string])[]): readonly string[] | undefined {
  const headers = pairs.filter(([name, value]) => isField(name, value)).flat()
  return headers.length > 0 ? headers : undefined
}

/** As Knative tells it: a route's own host, where tags can be named by header, is `DEFAULT`. */
function tagOf({ appendHeaders = {}, headers = {} }: PathView): string {
  if (appendHeaders[defaultRouteHeader] !== undefined) return "DEFAULT"
  return appendHeaders[tagHeader] ?? headers[tagHeader]?.exact ?? ""
}

/** What the platform's parts tell each other, and no application. */
function isInternal(name: string): boolean {
  return /^(k-|knative-serving-(revision|namespace)$)/i.test(name)
}

function matches<Target>({ prefix, matches }: Way<Target>, asked: Asked): boolean {
  if (!asked.url?.startsWith(prefix)) return false
  for (let i = 0; i < matches.length; i += 2) {
    if (headerOf(asked.rawHeaders, matches[i] as string) !== matches[i + 1]) return false
  }
  return true
}

export function headerOf(pairs: readonly string[], name: string): string | undefined {
  for (let i = 0; i < pairs.length; i += 2) if ((pairs[i] as string).toLowerCase() === name) return pairs[i + 1]
  return undefined
}
