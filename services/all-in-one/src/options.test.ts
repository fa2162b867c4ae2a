import { describe, expect, it } from "vitest"
import { readOptions } from "./options.ts"
import { Refusal } from "./refusal.ts"
import { tracesOf } from "./trace-flags.ts"

describe("options", () => {
  it("have the documented ports and domain when nothing is said", () => {
    const options = readOptions([], {})
    expect(options.api).toEqual({ host: "127.0.0.1", port: 6443 })
    expect(options.gateway).toEqual({ host: "127.0.0.1", port: 8080 })
    expect(options.registry).toEqual({ host: "127.0.0.1", port: 5000 })
    expect(options.metrics).toEqual({ host: "127.0.0.1", port: 9090 })
    expect(options.domain).toBe("wick.localhost")
  })

  it("take a flag before the environment", () => {
    const env = { WICK_GATEWAY: "127.0.0.1:1", WICK_DOMAIN: "a.test" }
    const options = readOptions(["--gateway", "127.0.0.1:2"], env)
    expect(options.gateway.port).toBe(2)
    expect(options.domain).toBe("a.test")
  })

  it("name every wrong flag, its value and what would be right", () => {
    expect(() => readOptions(["--gateway", "nonsense", "--runtime", "docker"], {})).toThrow(
      "--gateway nonsense: must be HOST:PORT, for example 127.0.0.1:8080\n--runtime docker: must be containerd, cri or process",
    )
  })

  it("take an IPv6 address as URLs have it, and no port that there is not", () => {
    expect(readOptions(["--gateway", "[::]:8080"], {}).gateway).toEqual({ host: "::", port: 8080 })
    expect(() => readOptions(["--api", "127.0.0.1:66443"], {})).toThrow("must have a port of at most 65535")
    expect(() => readOptions(["--registry", "[::1]:5000"], {})).toThrow("must have a name or an IPv4 address")
  })

  it("say where the orchestrator's part of traces goes, which is nowhere unless told", () => {
    expect(tracesOf(readOptions([], {}))).toBeUndefined()
    const flags = ["--tracing-endpoint", "http://127.0.0.1:4317", "--tracing-protocol", "grpc"]
    expect(tracesOf(readOptions(flags, {}))).toEqual({ endpoint: "http://127.0.0.1:4317", protocol: "grpc" })
    expect(() => readOptions(["--tracing-endpoint", "collector:4318"], {})).toThrow(
      "--tracing-endpoint collector:4318: must be http://HOST:PORT",
    )
  })

  it("refuse an unknown flag", () => {
    expect(() => readOptions(["--gatway", "x"], {})).toThrow(Refusal)
  })
})
