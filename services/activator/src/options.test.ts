import { expect, it } from "vitest"
import { parseOptions } from "./options.ts"

it("reads addresses, also of IPv6", () => {
  const options = parseOptions(["--listen", "[::1]:8080", "--admin", ":9000", "--autoscaler", "unix:/run/a.sock"])
  expect(options).toMatchObject({ listen: [{ host: "::1", port: 8080 }], admin: [{ host: "0.0.0.0", port: 9000 }] })
})

it("takes several places of each kind", () => {
  const places = ["--listen", "127.0.0.1:1", "--listen", "10.0.0.1:1", "--listen-local", "10.0.0.1:2"]
  expect(parseOptions(places)).toMatchObject({
    listen: [{ host: "127.0.0.1" }, { host: "10.0.0.1", port: 1 }],
    listenLocal: [{ host: "10.0.0.1", port: 2 }],
  })
})

it.each([
  { args: ["--listen", "8080"], says: "--listen 8080: must be HOST:PORT with a port from 0 to 65535" },
  { args: ["--admin", "host:99999"], says: "--admin host:99999: must be HOST:PORT" },
  { args: ["--drain-seconds", "soon"], says: "--drain-seconds soon: must be a number" },
])("says what is wrong with $args", ({ args, says }) => expect(() => parseOptions(args)).toThrow(says))
