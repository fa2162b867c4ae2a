/** What nearly all requests have: nothing that a URL would write otherwise. */
const plainPath = /^\/[!$%&-;=?-[\]_a-z~]*$/
const dotSegment = /\/\.\.?(?:[/?]|$)|%2e/i
const plainHost = /^[a-z0-9._-]+(?::\d{2,5})?$/

/** The request's URL as the web writes it; undefined if it is none. */
export function requestUrl(authority: string, path: string): string | undefined {
  if (authority === "" || path.charCodeAt(0) !== slash) return undefined
  const url = `https://${authority}${path}`
  if (plainHost.test(authority) && plainPath.test(path) && !dotSegment.test(path)) return url
  if (!URL.canParse(url) || path.split("?", 1)[0]?.includes("\\")) return undefined
  const { href, host } = new URL(url)
  // An authority with more in it than a host would make another path of this one.
  return isHost(authority.toLowerCase(), host) ? href : undefined
}

const slash = 0x2f

function isHost(authority: string, host: string): boolean {
  return authority === host || authority === `${host}:443`
}
