/**
 * The repository's own rules, as a test and as their documentation: who may import whom, which files are pure, how
 * large a file and a function may be, which names and calls are refused and what to use instead.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

/** The law of imports. A layer is a folder; `may` lists the other layers' folders it may reach. Arrows never turn. */
const layers: { layer: string; may: string[] }[] = [
  { layer: "services/core/src/raft", may: [] },
  { layer: "services/core/src/store", may: [] },
  { layer: "services/core/src/replication", may: ["services/core/src/raft", "services/core/src/store"] },
  {
    layer: "services/core/src/simulation",
    may: ["services/core/src/raft", "services/core/src/store", "services/core/src/replication"],
  },
  { layer: "services/core/src/pki", may: [] },
  {
    layer: "services/core/src/peer",
    may: [
      "services/core/src/raft",
      "services/core/src/store",
      "services/core/src/replication",
      "services/core/src/pki",
    ],
  },
  {
    layer: "services/core/src/backup",
    may: [
      "services/core/src/store",
      "services/core/src/replication",
      "services/core/src/pki",
      "services/core/src/etcd-wire",
    ],
  },
  { layer: "services/core/src/http2", may: [] },
  { layer: "services/core/src/etcd-wire", may: [] },
  {
    layer: "services/core/src/etcd",
    may: ["services/core/src/store", "services/core/src/pki", "services/core/src/etcd-wire", "services/core/src/http2"],
  },
  { layer: "services/core/src/etcd-client", may: ["services/core/src/store", "services/core/src/etcd-wire"] },
  {
    layer: "services/core/src/apiserver",
    may: ["services/core/src/store", "services/core/src/pki", "services/core/src/http2", "sdk"],
  },
  { layer: "services/core/src/scheduler", may: ["sdk"] },
  { layer: "services/core/src/controllers", may: ["sdk"] },
  { layer: "services/core/src/network", may: ["sdk"] },
  { layer: "services/core/src/dns", may: ["sdk"] },
  { layer: "services/core/src/kept-process", may: [] },
  { layer: "services/core/src/containerd", may: ["services/core/src/kept-process"] },
  { layer: "services/core/src/registry", may: [] },
  {
    layer: "services/core/src/kubelet",
    may: ["services/core/src/containerd", "services/core/src/network", "sdk"],
  },
  { layer: "services/core", may: ["sdk"] },
  { layer: "services/controller", may: ["sdk"] },
  { layer: "services/autoscaler", may: ["sdk"] },
  { layer: "services/activator", may: ["sdk"] },
  { layer: "services/activator/src/http1", may: ["sdk"] },
  { layer: "services/all-in-one", may: ["sdk", "services"] },
  { layer: "examples", may: ["sdk"] },
  { layer: "load-tests", may: ["sdk"] },
  { layer: "sdk", may: [] },
  { layer: "scripts", may: ["sdk"] },
]

/** What every layer may use: time, chance and logs as values, the check that a thing holds, how a place is written, protobuf's wire format. */
const everywhere = [
  "@wick/sdk/assert",
  "@wick/sdk/host-port",
  "@wick/sdk/clock",
  "@wick/sdk/log",
  "@wick/sdk/metrics",
  "@wick/sdk/protobuf",
  "@wick/sdk/x509",
]

/** Tests may also use the platform's own doors for tests. */
const testDoors = ["services/core", "services/all-in-one", "sdk"]

/** Synchronous functions of (state, input, now): no I/O, no `async`, no clock, no chance. */
const pure: RegExp[] = [
  /^services\/core\/src\/raft\//,
  /^services\/core\/src\/scheduler\/plugins\//,
  /\/decide\.ts$/,
  /\/desired\//,
  /^sdk\/src\/api\//,
]

/** Calls that are refused, what to use instead, and who may make them all the same. */
const refused: { call: RegExp; instead: string; rim: RegExp }[] = [
  {
    call: /\bDate\.now\(|\bnew Date\(\)/,
    instead: "clock.now()",
    rim: /^(sdk\/src\/clock|sdk\/src\/cli|scripts|load-tests|examples)\/|\/main\.ts$/,
  },
  { call: /\bMath\.random\(/, instead: "random.below()", rim: /^(sdk\/src\/clock|load-tests)\// },
  {
    call: /\bconsole\.\w+\(/,
    instead: "a Log, or process.stdout.write in a command",
    rim: /^(scripts|load-tests|examples)\//,
  },
  {
    // Where the path has a space or a letter beyond ASCII, a URL has %20 and the like.
    call: /import\.meta\.(url|resolve\([^)]*\))\)+\.pathname/,
    instead: "fileURLToPath()",
    rim: /(?!)/,
  },
]

const fileLinesMax = 500
const functionLinesMax = 70
/** Files that may be larger, each with its reason. */
const largeFiles: Record<string, string> = {}
/** Functions that may be longer, `file:name`, each with its reason. */
const longFunctions: Record<string, string> = {}

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts", "*.mjs"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && existsSync(file))
const sources = new Map(files.map((file) => [file, readFileSync(file, "utf8")]))
const isTest = (file: string): boolean => /\.(test|bench|contract)\.ts$|\/testdata\/|\/testing(\.ts|\/)/.test(file)
const product = files.filter((file) => !isTest(file))

describe("the law of imports", () => {
  it("holds for every import of every file", () => {
    const broken = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => !mayImport(file, target))
        .map((target) => `${file} imports ${target}`),
    )
    expect(broken).toEqual([])
  })

  it("lets core name nothing of serverless", () => {
    const named = product.filter(
      (file) => file.startsWith("services/core/") && /serving\.knative\.dev/.test(sources.get(file) ?? ""),
    )
    expect(named).toEqual([])
  })

  it("gives every layer's door a head comment", () => {
    const doors = product.filter((file) => file.endsWith("/index.ts"))
    const bare = doors.filter((file) => !(sources.get(file) ?? "").trimStart().startsWith("/**"))
    expect(bare).toEqual([])
  })
})

describe("pure zones", () => {
  const zone = product.filter((file) => pure.some((pattern) => pattern.test(file)))

  it("import nothing of the outside world", () => {
    const broken = zone.filter((file) => /from "node:(?!buffer"|module")/.test(sources.get(file) ?? ""))
    expect(broken).toEqual([])
  })

  it("are synchronous", () => {
    const broken = zone.filter((file) => /\basync\b|\bawait\b|\bsetTimeout\(/.test(code(file)))
    expect(broken).toEqual([])
  })
})

describe("sizes", () => {
  it("keep a file under 500 lines", () => {
    const large = files
      .map((file) => ({ file, lines: (sources.get(file) ?? "").split("\n").length }))
      .filter(({ file, lines }) => lines > fileLinesMax && !(file in largeFiles))
    expect(large).toEqual([])
  })

  it("keep a function under 70 lines", () => {
    const long = product.flatMap((file) =>
      functionsOf(file).filter(({ name, lines }) => lines > functionLinesMax && !(`${file}:${name}` in longFunctions)),
    )
    expect(long).toEqual([])
  })
})

describe("names and calls", () => {
  it("refuse names that say nothing", () => {
    const vague = files.filter((file) =>
      /(^|\/)(utils?|helpers?|common|misc|shared|lib|types|manager)(\/|\.(ts|mjs)$)/.test(file),
    )
    expect(vague).toEqual([])
  })

  it("are kebab-case nouns", () => {
    const odd = files.filter((file) => !/^[a-z0-9./-]+$/.test(file))
    expect(odd).toEqual([])
  })

  it.each(refused)("$instead takes the place of $call", ({ call, rim }) => {
    const broken = product.filter((file) => !rim.test(file) && call.test(code(file)))
    expect(broken).toEqual([])
  })

  it("promise no later work in a comment", () => {
    const word = new RegExp(`\\b(${["TO", "FIX"].map((start, i) => start + ["DO", "ME"][i]).join("|")}|XXX|HACK)\\b`)
    expect(files.filter((file) => file !== "tidy.test.ts" && word.test(sources.get(file) ?? ""))).toEqual([])
  })

  it("wait by expect.poll, which is as patient as vitest.config.ts says", () => {
    const hasty = files.filter((file) => /\bvi\.(waitFor|waitUntil)\(/.test(code(file)))
    expect(hasty).toEqual([])
  })

  it("skip no test", () => {
    const skipped = files.filter((file) => /\b(it|test|describe)\.(only|todo)\b/.test(sources.get(file) ?? ""))
    expect(skipped.filter((file) => file !== "tidy.test.ts")).toEqual([])
  })
})

/** Targets of a file's imports: a path in the repository, or the name of a package. */
function importsOf(file: string): string[] {
  const text = sources.get(file) ?? ""
  const specifiers = [
    ...text.matchAll(/(?:^|\n)\s*(?:import|export)[^"'`;]*?from "([^"]+)"/g),
    ...text.matchAll(/\bimport\("([^"]+)"\)/g),
  ]
  return specifiers.map((match) => resolve(file, match[1] ?? ""))
}

function resolve(file: string, specifier: string): string {
  if (everywhere.includes(specifier)) return "everywhere"
  if (specifier.startsWith("#")) return `services/core/src/${specifier.slice(1)}`
  if (specifier.startsWith("@wick/sdk")) return "sdk"
  if (specifier.startsWith("@wick/")) return `services/${specifier.split("/")[1]}`
  if (!specifier.startsWith(".")) return specifier
  const parts = file.split("/").slice(0, -1)
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== ".") parts.push(part)
  }
  return parts.join("/")
}

function mayImport(file: string, target: string): boolean {
  const inRepository = /^(services|sdk|examples|load-tests|scripts)(\/|$)/.test(target)
  if (!inRepository) return true
  const own = layers.find(({ layer }) => inside(file, layer))
  if (!own || inside(target, own.layer)) return true
  if (isTest(file) && testDoors.some((door) => target === door || inside(target, own.layer))) return true
  if (isTest(file) && inside(file, "services/core") && inside(target, "services/core")) return true
  return own.may.some((layer) => inside(target, layer))
}

const inside = (path: string, layer: string): boolean => path === layer || path.startsWith(`${layer}/`)

/** The text of a file without its comments and strings' contents, for searching calls. */
function code(file: string): string {
  return (sources.get(file) ?? "")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/\s\/\/ .*$/gm, "")
}

/** Named functions and methods by indentation: the formatter guarantees that a body ends at its own indent. */
function functionsOf(file: string): { file: string; name: string; lines: number }[] {
  const lines = (sources.get(file) ?? "").split("\n")
  const start =
    /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\*? (\w+)|(?:static |override |private |get |set )*(?:async )?\*?(#?\w+)\([^;]*\{$|(?:const|let) (\w+) = (?:async )?\(.*=> \{$)/
  return lines.flatMap((line, index) => {
    const match = start.exec(line)
    if (!match || /^\s*(if|for|while|switch|catch|return)\b/.test(line)) return []
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${match[1]}}`))
    const name = match[2] ?? match[3] ?? match[4] ?? "anonymous"
    return end < 0 ? [] : [{ file, name, lines: end - index + 1 }]
  })
}
