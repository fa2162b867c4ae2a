import { type Blow, blows, ordinaryColdStart, type Round, strike } from "./testing/hosts/round.ts"
import { ThreeHosts } from "./testing/hosts/three-hosts.ts"

/**
 * What it costs to lose the leader of three control-plane hosts: `node services/all-in-one/src/hosts.bench.ts [rounds]
 * [blow,…]`. As root, with containerd; each host is a network namespace of this machine.
 */
const rounds = Number(process.argv[2] ?? 3)
const chosen = (process.argv[3]?.split(",") as Blow[] | undefined) ?? blows

await using cluster = await ThreeHosts.start()
const [first] = cluster.hosts
const image = "127.0.0.1:5000/echo"
await first?.wick("deploy", "warm", "--image", image, "--scale", "1..1")
await first?.wick("deploy", "cold", "--image", image, "--annotation", "autoscaling.knative.dev/window=6s")
const all: Round[] = []
const ordinary: number[] = []
for (const blow of chosen) {
  for (let at = 0; at < rounds; at++) {
    ordinary.push(await ordinaryColdStart(cluster, "cold"))
    const round = await strike(cluster, blow, "warm", "cold")
    all.push(round)
    const { writeMs, coldMs, calls, acknowledged, lost, said } = round
    const figures = `writes after ${Math.round(writeMs)} ms, cold start after ${Math.round(coldMs)} ms`
    const running = `${calls.failed} of ${calls.answered + calls.failed} calls failed, longest gap ${Math.round(calls.gapMsMax)} ms`
    process.stdout.write(
      `${blow.padEnd(14)} ${figures}; ${running}; ${lost.length} of ${acknowledged} writes lost; it said ${said}\n`,
    )
  }
}
const told = (title: string, figures: readonly number[]): void => {
  const sorted = figures.toSorted((a, b) => a - b)
  const [median, most] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((ms) =>
    Math.round(ms ?? Number.NaN),
  )
  process.stdout.write(`${title}: median ${median} ms, most ${most} ms\n`)
}
told(
  "writes again",
  all.map(({ writeMs }) => writeMs),
)
told(
  "cold starts",
  all.map(({ coldMs }) => coldMs),
)
told("cold starts when nothing is the matter", ordinary)
told(
  "cold starts after writes",
  all.flatMap(({ blow, writeMs, coldMs }) => (blow === "disk full" ? [] : [coldMs - writeMs])),
)
told(
  "beyond an ordinary cold start",
  all.flatMap(({ blow, writeMs, coldMs }, at) =>
    blow === "disk full" ? [] : [coldMs - writeMs - (ordinary[at] ?? 0)],
  ),
)
