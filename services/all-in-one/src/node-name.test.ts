import { expect, it } from "vitest"
import { isNodeName, nodeNameOf } from "./node-name.ts"

it.each([
  { hostname: "web-1.example.com", name: "web-1.example.com" },
  { hostname: "Web-01", name: "web-01" },
  { hostname: "my_host_", name: "my-host" },
  { hostname: "bücher..eu", name: "b-cher.eu" },
  { hostname: "a".repeat(64), name: "a".repeat(63) },
  { hostname: `${"a".repeat(62)}-b`, name: "a".repeat(62) },
  { hostname: "(none)", name: "none" },
  { hostname: "_", name: "wick" },
])("the host $hostname is the node $name", ({ hostname, name }) => {
  expect(nodeNameOf(hostname)).toBe(name)
  expect(isNodeName(name)).toBe(true)
})

it("a name that the API would refuse is none", () => {
  expect(["", "Web", "a_b", "-a", "a.-b", "a".repeat(64)].filter(isNodeName)).toEqual([])
})
