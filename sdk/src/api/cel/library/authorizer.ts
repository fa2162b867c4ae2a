import { define, type Overload } from "../function.ts"
import { Opaque } from "../value.ts"

/** What an expression asks whether somebody may do it. */
export type AuthorizerQuestion =
  | { readonly kind: "path"; readonly verb: string; readonly path: string }
  | {
      readonly kind: "resource"
      readonly verb: string
      readonly group: string
      readonly resource: string
      readonly subresource: string
      readonly namespace: string
      readonly name: string
      /** `<namespace>/<name>`; absent: whoever sends the request. */
      readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined
    }

export interface AuthorizerAnswer {
  readonly allowed: boolean
  readonly reason: string
}

export type AskAuthorizer = (question: AuthorizerQuestion) => AuthorizerAnswer

interface State {
  readonly ask: AskAuthorizer
  readonly path: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined
}

export const authorizerType = "kubernetes.authorization.Authorizer"
const pathType = "kubernetes.authorization.PathCheck"
const groupType = "kubernetes.authorization.GroupCheck"
const resourceType = "kubernetes.authorization.ResourceCheck"
const decisionType = "kubernetes.authorization.Decision"
/** As in Kubernetes: asking costs far more than computing. */
const askCost = 350_000

type Step = Opaque<State>

/** The value of the variable `authorizer`. */
export function authorizer(ask: AskAuthorizer): Opaque {
  const empty = {
    path: "",
    group: "",
    resource: "",
    subresource: "",
    namespace: "",
    name: "",
    serviceAccount: undefined,
  }
  return new Opaque(authorizerType, { ask, ...empty } satisfies State)
}

/** `authorizer.requestResource`: the resource that is written. */
export function resourceCheck(ask: AskAuthorizer, of: Partial<Omit<State, "ask">>): Opaque {
  return new Opaque(resourceType, { ...(authorizer(ask).inner as State), ...of })
}

const next = (type: string, { inner }: Step, change: Partial<State>): Step => new Opaque(type, { ...inner, ...change })

export const authorizerFunctions: readonly Overload[] = [
  define(`${authorizerType}::path(string): ${pathType}`, (at: Step, path: string) => next(pathType, at, { path })),
  define(`${authorizerType}::group(string): ${groupType}`, (at: Step, group: string) => next(groupType, at, { group })),
  define(
    `${authorizerType}::serviceAccount(string, string): ${authorizerType}`,
    (at: Step, namespace: string, name: string) => next(authorizerType, at, { serviceAccount: { namespace, name } }),
  ),
  define(`${groupType}::resource(string): ${resourceType}`, (at: Step, resource: string) =>
    next(resourceType, at, { resource }),
  ),
  define(`${resourceType}::subresource(string): ${resourceType}`, (at: Step, subresource: string) =>
    next(resourceType, at, { subresource }),
  ),
  define(`${resourceType}::namespace(string): ${resourceType}`, (at: Step, namespace: string) =>
    next(resourceType, at, { namespace }),
  ),
  define(`${resourceType}::name(string): ${resourceType}`, (at: Step, name: string) =>
    next(resourceType, at, { name }),
  ),
  define(
    `${pathType}::check(string): ${decisionType}`,
    ({ inner }: Step, verb: string) => new Opaque(decisionType, inner.ask({ kind: "path", verb, path: inner.path })),
    () => askCost,
  ),
  define(
    `${resourceType}::check(string): ${decisionType}`,
    ({ inner: { ask, path: _, ...of } }: Step, verb: string) =>
      new Opaque(decisionType, ask({ kind: "resource", verb, ...of })),
    () => askCost,
  ),
  define(`${decisionType}::allowed(): bool`, ({ inner }: Opaque<AuthorizerAnswer>) => inner.allowed),
  define(`${decisionType}::reason(): string`, ({ inner }: Opaque<AuthorizerAnswer>) => inner.reason),
  define(`${decisionType}::errored(): bool`, () => false),
  define(`${decisionType}::error(): string`, () => ""),
]
