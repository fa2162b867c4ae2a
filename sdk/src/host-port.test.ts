import { expect, it } from "vitest"
import { hostPort } from "./host-port.ts"

it("an IPv6 address stands in brackets before its port, other hosts stand as they are", () => {
  const places = ["127.0.0.1", "localhost", "::1"].map((host) => hostPort(host, 80))
  expect(places).toEqual(["127.0.0.1:80", "localhost:80", "[::1]:80"])
  expect(places.map((place) => new URL(`http://${place}1`).hostname)).toEqual(["127.0.0.1", "localhost", "[::1]"])
})
