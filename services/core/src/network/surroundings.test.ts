import { describe, expect, it } from "vitest"
import { formatRange } from "./address.ts"
import { readSurroundings } from "./surroundings.ts"

const eth0 = { ifname: "eth0", mtu: 1500, addr_info: [{ local: "192.0.2.7", prefixlen: 24 }] }
const tun0 = { ifname: "tun0", mtu: 1420, addr_info: [{ local: "198.51.100.2", prefixlen: 32 }] }
const home = { dst: "192.0.2.0/24", dev: "eth0" }
const out = { dst: "default", dev: "eth0", gateway: "192.0.2.1" }

function seen(routes: object[], interfaces: object[] = [eth0, tun0], resolvConfs: string[] = []) {
  const said = { routes: JSON.stringify(routes), interfaces: JSON.stringify(interfaces), resolvConfs }
  const pods = { first: 10 * 2 ** 24, prefix: 16 }
  const { held, routed, mtuBytes } = readSurroundings(said, { link: "wick-0a1b2c", pods, dnsServer: "10.235.0.10" })
  return { held: held.map(formatRange), routed: routed.map(formatRange), mtuBytes }
}

describe("what a host uses", () => {
  it("is its networks and where its routes lead, but not the way to all the world", () => {
    expect(seen([out, home, { dst: "10.0.0.0/8", dev: "eth0", gateway: "192.0.2.9" }])).toEqual({
      held: ["192.0.2.0/24", "198.51.100.2/32"],
      routed: ["192.0.2.0/24", "10.0.0.0/8"],
      mtuBytes: 1500,
    })
  })

  it("is no more when a VPN leads all the world through it by two halves; packets are to fit there too", () => {
    const halves = ["0.0.0.0/1", "128.0.0.0/1"].map((dst) => ({ dst, dev: "tun0" }))
    expect(seen([...halves, out, home])).toMatchObject({ routed: ["192.0.2.0/24"], mtuBytes: 1420 })
  })

  it("is all of what another Wick has, whose routes are its ranges' ends", () => {
    const other = [
      { dst: "10.235.0.0/16", dev: "wick-ffffff" },
      { type: "unreachable", dst: "10.234.0.0/16" },
    ]
    expect(seen([out, ...other], []).held).toEqual(["10.235.0.0/16", "10.234.0.0/16"])
  })

  it("is whom it asks for names too, though only the default route leads there, but for our own server", () => {
    const own = "search example\nnameserver 10.235.0.10\nnameserver 10.255.255.53\nnameserver 2001:db8::53\n"
    const systemd = "# systemd-resolved asks\nnameserver 10.234.0.2\n"
    expect(seen([out, home], [], [own, systemd]).held).toEqual(["10.255.255.53/32", "10.234.0.2/32"])
  })

  it("has nothing of our own in it: link, pods, and the end of the way to them", () => {
    const own = [
      { dst: "10.1.0.0/16", dev: "wick-0a1b2c" },
      { dst: "10.0.0.5", dev: "veth12" },
      { type: "unreachable", dst: "10.0.0.0/16" },
    ]
    expect(seen([out, ...own], [])).toMatchObject({ held: [], routed: [] })
  })
})
