import { describe, expect, it } from "vitest"
import { formatRange, parseRange, type Range } from "./address.ts"
import { chooseRanges, type RangeWishes } from "./range-choice.ts"

const nothing: RangeWishes = { pods: undefined, services: undefined, kept: undefined }
const routes = (...texts: string[]): Range[] => texts.map(parseRange).filter((range) => range !== undefined)

function choice(wishes: Partial<RangeWishes>, ...routed: string[]): string {
  return choiceBeside([], wishes, ...routed)
}

function choiceBeside(held: string[], wishes: Partial<RangeWishes>, ...routed: string[]): string {
  const choice = chooseRanges({ ...nothing, ...wishes }, { held: routes(...held), routed: routes(...routed) })
  if (choice.kind === "refused") return choice.because
  return `${formatRange(choice.ranges.pods)} ${formatRange(choice.ranges.services)}`
}

describe("the choice of address ranges", () => {
  it.each([
    { name: "is the default on a host without routes", got: choice({}), is: "10.234.0.0/16 10.235.0.0/16" },
    {
      name: "moves away from a route of the host",
      got: choice({}, "10.234.9.0/24"),
      is: "10.255.0.0/16 10.235.0.0/16",
    },
    {
      name: "never gives pods and services the same",
      got: choice({}, "10.234.0.0/16", "10.235.0.0/16"),
      is: "10.255.0.0/16 10.254.0.0/16",
    },
    {
      name: "keeps what the last start had",
      got: choice({ kept: { pods: "10.9.0.0/16", services: "10.8.0.0/16" } }),
      is: "10.9.0.0/16 10.8.0.0/16",
    },
    {
      name: "leaves what it had when the host took it meanwhile",
      got: choice({ kept: { pods: "10.9.0.0/16", services: "10.8.0.0/16" } }, "10.8.0.0/13"),
      is: "10.234.0.0/16 10.235.0.0/16",
    },
    {
      name: "is the user's when the user says so",
      got: choice({ pods: "172.20.0.0/20" }),
      is: "172.20.0.0/20 10.235.0.0/16",
    },
    {
      name: "refuses the user's range when it meets a route, and names both",
      got: choice({ services: "192.168.0.0/16" }, "192.168.7.0/24"),
      is: "192.168.0.0/16 for services meets 192.168.7.0/24, which the host uses already",
    },
    {
      name: "refuses a range too small to hold a node's pods",
      got: choice({ pods: "10.1.2.0/28" }),
      is: "10.1.2.0/28 is too small for pods: at least a /24 is needed",
    },
    {
      name: "refuses what is no range",
      got: choice({ pods: "10.1.2.300/16" }),
      is: "10.1.2.300/16 is no IPv4 range for pods; write one like 10.234.0.0/16",
    },
    {
      name: "leaves 10.0.0.0/8 alone on a host that is led there as a whole",
      got: choice({}, "10.0.0.0/8"),
      is: "172.31.0.0/16 172.30.0.0/16",
    },
    {
      name: "is the user's when it is part of a wider route: the user knows that nobody has it",
      got: choice({ pods: "10.7.0.0/16", services: "10.8.0.0/16" }, "10.0.0.0/8"),
      is: "10.7.0.0/16 10.8.0.0/16",
    },
    {
      name: "refuses the user's range in a network that the host is in itself, however wide",
      got: choiceBeside(["10.1.2.3/8"], { pods: "10.7.0.0/16" }),
      is: "10.7.0.0/16 for pods meets 10.0.0.0/8, which the host uses already",
    },
    {
      name: "says so when nothing is free",
      got: choice({}, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
      is: "no address range is free for pods: the host uses all of 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16",
    },
  ])("$name", ({ got, is }) => expect(got).toBe(is))
})
