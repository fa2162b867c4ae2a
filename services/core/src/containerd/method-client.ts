import type { CallOptions, Link } from "./link.ts"
import { codec } from "./wire/codec.ts"

/** How a call is made: its path, the full names of its messages, and how long it may take unless the caller says. */
export interface Method {
  readonly path: string
  readonly request: string
  readonly response: string
  readonly deadlineMs: number
}

/** A client of calls by name, each with what it takes and gives. */
export interface MethodClient<Calls extends Record<keyof Calls, [object, object]>> {
  call<Verb extends keyof Calls>(
    verb: Verb,
    request: Calls[Verb][0],
    options?: Partial<CallOptions>,
  ): Promise<Calls[Verb][1]>
}

/** Codecs are compiled with the first call of their method. */
export function methodClient<Calls extends Record<keyof Calls, [object, object]>>(
  link: Link,
  methodOf: (verb: keyof Calls) => Method,
): MethodClient<Calls> {
  const known = new Map<keyof Calls, ReturnType<typeof compile>>()
  const learn = (verb: keyof Calls) => {
    const method = compile(methodOf(verb))
    known.set(verb, method)
    return method
  }
  return {
    call: (verb, request, options) => {
      const { path, codecs, deadlineMs } = known.get(verb) ?? learn(verb)
      return link.unary(path, codecs, request, { deadlineMs, ...options })
    },
  }
}

function compile({ path, request, response, deadlineMs }: Method) {
  return { path, codecs: { request: codec<object>(request), response: codec<object>(response) }, deadlineMs }
}
