import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import {
  byUrl,
  etcdctl,
  mirroring,
  type Peer,
  printing,
  startOurs,
  startSecure,
  startTheirs,
  watching,
} from "./testing/start-pair.ts"

/** Commands of etcdctl, in order; text after `<<<` is what is typed. Each is run on both, whose answers must be equal. */
const walk = [
  "put a 1",
  "put a 2 --prev-kv",
  "get a",
  "get a -w json",
  "get a -w fields",
  "get a --hex",
  "get none",
  "put b --ignore-value",
  "put b x",
  "put b --ignore-value",
  "put b y --ignore-lease",
  "put c 3",
  "put d 4",
  "get a d -w fields",
  "get --prefix --order=descend --sort-by=modify ''",
  "get --prefix --sort-by=create ''",
  "get --prefix --sort-by=version --order=descend '' --limit 1",
  "get --prefix --sort-by=value --limit 2 -w json ''",
  "get --prefix --sort-by=value --keys-only ''",
  "get --prefix --keys-only --limit 1 ''",
  "get --prefix --limit 2 -w json ''",
  "get --print-value-only a",
  "get --consistency=s a",
  "get a --rev 2",
  "get a --rev 2 -w json",
  "get a --rev 200",
  "get --from-key b",
  "get b a",
  "get ''",
  "put ''  1",
  "del ''",
  "del none",
  "del a --prev-kv",
  "del --prefix zz",
  "put p/1 1",
  "put p/2 2",
  "put q 1",
  "del --prefix p/ --prev-kv -w json",
  "put r 1",
  "del --from-key q --prev-kv",
  'txn -i <<< value("b") = "y"\n\nput b 2\nget b\n\nget c\n\n',
  'txn -i <<< value("b") = "y"\n\nput b 2\nget b\n\nget c\ndel c\nput e 5\n\n',
  'txn -i -w json <<< create("none") = "0"\nmod("b") > "1"\nversion("b") < "100"\n\nput n 1\ndel b\nget n\n\n\n',
  'txn -i <<< mod("d") > "0"\n\nput b 2\nput b 3\n\n\n',
  'txn -i <<< mod("d") > "0"\n\ndel --prefix x\nput x1 3\n\n\n',
  "endpoint hashkv",
  "compact 3",
  "endpoint hashkv",
  "get b --rev 2",
  "watch a --rev 2",
  "compact 3",
  "compact 3000",
  "endpoint hashkv",
  "lease timetolive 123",
  "lease timetolive 123 --keys -w json",
  "lease revoke 123",
  "lease keep-alive --once 123",
  "put z 1 --lease 1234",
  "lease list",
  "move-leader 123",
  "member remove 123",
  "member promote 123",
  "member update 123 --peer-urls=http://127.0.0.1:1",
  "member update 123 --peer-urls=nonsense",
  "member add x --peer-urls=nonsense",
  "alarm list",
  "alarm disarm",
  "defrag",
  "endpoint health",
  "endpoint health --cluster",
  "endpoint hashkv --cluster",
  "lock l1 -- echo held",
  "elect",
  "elect --listen e1 value",
  "member list -w nonsense",
  "compaction 3000",
  "nonsense",
]

/** The same, with users and roles. */
const authWalk = [
  "auth enable",
  "user add root:pw",
  "user add root:pw",
  "user add alice:apw",
  "user add :x",
  "user add cert --no-password",
  "user list",
  "user get alice",
  "user get nobody",
  "role add dev",
  "role add dev",
  "role list",
  "role grant-permission dev readwrite app/ --prefix",
  "role grant-permission dev read cfg",
  "role grant-permission nope read cfg",
  "role get dev",
  "user grant-role alice dev",
  "user grant-role alice nope",
  "user grant-role nobody dev",
  "user get alice --detail",
  "user get alice",
  "user revoke-role alice nope",
  "role revoke-permission dev zzz",
  "auth enable",
  "user grant-role root root",
  "role add root",
  "auth enable",
  "put a 1",
  "--user nobody:x get a",
  "--user alice:wrong get a",
  "--user alice:apw put a 1",
  "--user alice:apw put app/x 1",
  "--user alice:apw get app/x",
  "--user alice:apw get --prefix app/",
  "--user alice:apw get --prefix ap",
  "--user alice:apw get cfg",
  "--user alice:apw put cfg 1",
  "--user alice:apw del app/ --prefix",
  "--user alice:apw user list",
  "--user alice:apw user get alice",
  "--user alice:apw user get root",
  "--user alice:apw role get dev",
  "--user alice:apw role get root",
  "--user alice:apw watch other",
  "--user alice:apw endpoint health",
  "--user alice:apw compact 2",
  "--user alice:apw member remove 12",
  "--user root:pw put a 1",
  "--user root:pw get a",
  "--user root:pw user passwd alice --interactive=false <<< npw",
  "--user alice:apw get app/x",
  "--user alice:npw get app/x",
  "--user root:pw user passwd alice --interactive=false <<< apw",
  "--user root:pw auth status",
  "--user root:pw user delete root",
  "--user root:pw user revoke-role root root",
  "--user root:pw role delete root",
  "--user root:pw role get root",
  "--user root:pw role revoke-permission dev cfg",
  "--user root:pw role get dev",
  "--user root:pw role delete dev",
  "--user alice:apw get app/x",
  "--user root:pw user delete alice",
  "--user alice:apw get app/x",
  "--user root:pw auth disable",
  "get a",
  "--user root:pw get a",
]

const binaries = process.env.ETCD_BINARIES
const etcd = binaries ? `${binaries}/etcd` : "/usr/bin/etcd"
const client = binaries ? `${binaries}/etcdctl` : "/usr/bin/etcdctl"

/** A history with all that a snapshot has to hold. */
const history = [
  "put a 1",
  "put a 2",
  "put b 1",
  "del b",
  "lease grant 600",
  "put leased 1 --lease 1",
  ...Array.from({ length: 30 }, (_, at) => `put many/${at} ${String(at).repeat(400)}`),
  `put large ${"x".repeat(100_000)}`,
  "compact 4",
  "del many/7",
]

describe("etcdctl", () => {
  it("saves a snapshot of ours, from which etcd goes on", async () => {
    await using source = await startOurs()
    for (const line of history) expect(await etcdctl(source, line.split(" "), "", client)).toMatchObject({ code: 0 })
    const directory = await mkdtemp(join(tmpdir(), "wick-snapshot-"))
    const file = join(directory, "snapshot.db")
    const hash = await etcdctl(source, ["endpoint", "hashkv"], "", client)
    expect(await etcdctl(source, ["snapshot", "save", file], "", client)).toMatchObject({ code: 0 })
    const data = join(directory, "data")
    const restored = await etcdctl(source, ["snapshot", "restore", file, "--data-dir", data], "", client)
    expect(restored).toMatchObject({ code: 0 })
    {
      await using target = await startTheirs(etcd, data)
      expect(await etcdctl(target, ["endpoint", "hashkv"], "", client)).toEqual(hash)
      const lease = await etcdctl(target, ["lease", "timetolive", "1", "--keys"], "", client)
      expect(lease.output).toContain("attached keys([leased])")
      const [mine, theirs] = await Promise.all(
        [source, target].map((peer) => etcdctl(peer, ["get", "--prefix", "", "-w", "json"], "", client)),
      )
      expect(theirs?.output).toEqual(mine?.output)
    }
    await rm(directory, { recursive: true })
  })

  it.each([
    ["keys, leases, maintenance and members, at https URLs", walk, true],
    ["users and roles, at http URLs", authWalk, false],
  ])("is answered by us as by etcd, command by command: %s", async (_, lines, tls) => {
    await using ours: Peer = byUrl(await startOurs({ tls }))
    await using theirs: Peer = byUrl(tls ? await startSecure(etcd) : await startTheirs(etcd))
    for (const line of lines) {
      const [command = "", input = ""] = line.split(" <<< ")
      const args = command.split(/ +/).map((word) => (word === "''" ? "" : word))
      const [mine, expected] = await Promise.all([ours, theirs].map((peer) => etcdctl(peer, args, input, client)))
      expect({ line, ...mine }).toEqual({ line, ...expected })
    }
  })

  it("is granted leases, which live, are kept alive and take their keys with them, as by etcd", async () => {
    await using ours = await startOurs()
    await using theirs = await startTheirs(etcd)
    const told = [ours, theirs].map(async (peer) => {
      const granted = await etcdctl(peer, ["lease", "grant", "600", "-w", "json"], "", client)
      const id = BigInt(/"ID":(\d+)/.exec(granted.output)?.[1] ?? 0).toString(16)
      const said: unknown[] = []
      for (const line of [
        `put k v --lease=${id}`,
        `put l v --lease=${id}`,
        `lease keep-alive --once ${id}`,
        `lease timetolive ${id} --keys`,
        "lease list",
        `lease revoke ${id}`,
        `lease timetolive ${id}`,
        "get k",
        "lease list",
      ]) {
        const { code, output } = await etcdctl(peer, line.split(" "), "", client)
        // How much of it has passed is a matter of the machine; etcd tells keys in no order.
        const masked = output
          .replace(new RegExp(`(^|lease )${id}\\b`, "gm"), "$1ID")
          .replace(/remaining\(\d+s\)/, "remaining")
          .replace(/\(\[(.*)\]\)/, (_, keys: string) => keys.split(" ").sort().join())
        said.push(code, masked)
      }
      return said
    })
    const [mine, expected] = await Promise.all(told)
    expect(mine).toEqual(expected)
  })

  it("watches what is typed, and elects, as with etcd", async () => {
    await using ours = await startOurs()
    await using theirs = await startTheirs(etcd)
    const told = [ours, theirs].map(async (peer) => {
      for (const line of ["put w 1", "put v 1", "put w 2"]) await etcdctl(peer, line.split(" "), "", client)
      const watched = await printing(peer, ["watch", "-i"], 6, "watch --rev=2 w\n", client)
      const elected = await printing(peer, ["elect", "e1", "me"], 2, "", client)
      const observed = await printing(peer, ["elect", "--listen", "e1"], 2, "", client)
      const named = (text: string): string => text.replace(/^e1\/[0-9a-f]+/, "e1/ID")
      return { watched, elected: named(elected), observed: named(observed) }
    })
    const [mine, expected] = await Promise.all(told)
    expect(mine).toEqual(expected)
    expect(expected?.elected).toMatch(/^e1\/ID\nme$/)
  })

  it("finds the same in a snapshot of ours as in one of etcd", async () => {
    const directory = await mkdtemp(join(tmpdir(), "wick-snapshot-"))
    await using ours = await startOurs()
    await using theirs = await startTheirs(etcd)
    const told = [ours, theirs].map(async (peer, at) => {
      // A lease is named by another number by each.
      const lines = history.filter((line) => !line.includes("lease"))
      for (const line of lines) await etcdctl(peer, line.split(" "), "", client)
      const file = join(directory, String(at))
      expect(await etcdctl(peer, ["snapshot", "save", file], "", client)).toMatchObject({ code: 0 })
      const { output } = await etcdctl(peer, ["snapshot", "status", file, "-w", "json"], "", client)
      const { revision } = JSON.parse(output.split("\n").find((line) => line.startsWith("{")) ?? "{}") as {
        revision: number
      }
      return revision
    })
    const [mine, expected] = await Promise.all(told)
    expect(mine).toBeGreaterThan(1)
    expect(mine).toBe(expected)
    await rm(directory, { recursive: true })
  })

  it("is told of events as by etcd: from a revision, of a prefix, with what was there before", async () => {
    await using ours = await startOurs()
    await using theirs = await startTheirs(etcd)
    const told = await Promise.all(
      [ours, theirs].map(async (peer) => {
        await etcdctl(peer, ["put", "w/1", "0"], "", client)
        const watch = watching(peer, ["w/", "--prefix", "--prev-kv", "--rev", "2", "-w", "json"], 6, client)
        for (const line of ["put w/1 1", "put other 1", "put w/2 1", "del w/1", "lease grant 600", "put w/1 again"]) {
          await etcdctl(peer, line.split(" "), "", client)
        }
        await etcdctl(peer, ["del", "w/", "--prefix"], "", client)
        return watch
      }),
    )
    expect(told[0]).toEqual(told[1])
    expect(told[0]?.length).toBe(7)
  })

  it("mirrors keys to and from us", async () => {
    await using source = await startTheirs(etcd)
    await using middle = await startOurs()
    await using target = await startTheirs(etcd)
    for (const at of [1, 2, 3]) await etcdctl(source, ["put", `k${at}`, `v${at}`], "", client)
    for (const [from, to] of [
      [source, middle],
      [middle, target],
    ] as const) {
      using mirror = mirroring(from, to, client)
      await mirror.until(async () => (await etcdctl(to, ["get", "k3"], "", client)).output.includes("v3"))
    }
    const all = ["get", "--prefix", ""]
    expect(await etcdctl(target, all, "", client)).toEqual(await etcdctl(source, all, "", client))
  })
})
