import { describe, expect, it } from "vitest"
import { type ProxyEnvironment, proxyFor } from "./proxy-environment.ts"

const way = (url: string, env: ProxyEnvironment): string | undefined => proxyFor(new URL(url), env)
const proxies = { HTTPS_PROXY: "http://proxy:3128", http_proxy: "proxy:3129" }
const except = (rules: string): ProxyEnvironment => ({ ...proxies, NO_PROXY: rules })

describe("the way to a host", () => {
  it.each([
    { name: "is direct without a proxy", got: way("https://ghcr.io/v2/", {}), is: undefined },
    { name: "is the proxy of its scheme", got: way("https://ghcr.io/v2/", proxies), is: "http://proxy:3128" },
    {
      name: "is a proxy that is named without a scheme",
      got: way("http://ghcr.io/", proxies),
      is: "http://proxy:3129",
    },
    { name: "is direct on this machine", got: way("http://127.0.0.1:5000/v2/", proxies), is: undefined },
    { name: "is direct to localhost", got: way("http://localhost:5000/v2/", proxies), is: undefined },
    { name: "is direct to all with *", got: way("https://ghcr.io/", except("*")), is: undefined },
    { name: "is direct to a domain", got: way("https://corp.test/", except("a.test, corp.test")), is: undefined },
    { name: "is direct within a domain", got: way("https://r.corp.test/", except("corp.test")), is: undefined },
    { name: "is direct within .a domain", got: way("https://r.corp.test/", except(".corp.test")), is: undefined },
    {
      name: "is no other for a like ending",
      got: way("https://xcorp.test/", except("corp.test")),
      is: "http://proxy:3128",
    },
    { name: "is direct in a range", got: way("http://10.3.4.5:5000/", except("10.0.0.0/8")), is: undefined },
    { name: "is no other beside a range", got: way("http://11.3.4.5/", except("10.0.0.0/8")), is: "http://proxy:3129" },
    { name: "is direct at a port", got: way("http://r.test:5000/", except("r.test:5000")), is: undefined },
    { name: "is no other at another", got: way("http://r.test:5001/", except("r.test:5000")), is: "http://proxy:3129" },
    { name: "is direct to an IPv6 address", got: way("http://[fd00::7]:5000/", except("fd00::/8")), is: undefined },
    {
      name: "does not mind a rule that is none",
      got: way("http://10.1.1.1/", except("10.0.0.0/99,,")),
      is: "http://proxy:3129",
    },
  ])("$name", ({ got, is }) => expect(got).toBe(is))
})
