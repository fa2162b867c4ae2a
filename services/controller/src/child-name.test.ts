import { expect, it } from "vitest"
import { childName } from "./child-name.ts"

it.each([
  { parent: "asdf", suffix: "-deployment", name: "asdf-deployment" },
  {
    parent: "f".repeat(63),
    suffix: "-deployment",
    name: "ffffffffffffffffffff105d7597f637e83cc711605ac3ea4957-deployment",
  },
  {
    parent: "f".repeat(63),
    suffix: "-deploy",
    name: "ffffffffffffffffffffffff105d7597f637e83cc711605ac3ea4957-deploy",
  },
  {
    parent: "f".repeat(63),
    suffix: "f".repeat(63),
    name: "fffffffffffffffffffffffffffffff0502661254f13c89973cb3a83e0cbec0",
  },
  {
    parent: "a",
    suffix: "f".repeat(63),
    name: "ab5cfd486935decbc0d305799f4ce4414ffffffffffffffffffffffffffffff",
  },
  {
    parent: "b".repeat(32),
    suffix: "f".repeat(32),
    name: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb329c7c81b9ab3ba71aa139066aa5625d",
  },
  {
    parent: "aaaa",
    suffix: "b---a".repeat(20),
    name: "aaaa7a3f7966594e3f0849720eced8212c18b---ab---ab---ab---ab---ab",
  },
])("names the child $suffix of $parent as Knative's tools compute it", ({ parent, suffix, name }) => {
  expect(childName(parent, suffix)).toBe(name)
})

it("tells children of different long parents apart", () => {
  const long = "a".repeat(60)
  expect(childName(`${long}b`, "-deployment")).not.toBe(childName(`${long}c`, "-deployment"))
})
