import { parseRequest, type RequestInfo } from "./request-info.ts"

/** What a request is for. */
export interface RequestTarget {
  readonly url: URL
  readonly info: RequestInfo
}

const targetKey = Symbol("target")

/** Read once and remembered on the request: whoever stands on its way asks for it again. */
export function targetOf(request: Request & { [targetKey]?: RequestTarget }): RequestTarget {
  const known = request[targetKey]
  if (known) return known
  const url = new URL(request.url)
  const target = { url, info: parseRequest(request.method, url) }
  request[targetKey] = target
  return target
}
