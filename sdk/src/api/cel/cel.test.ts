import { describe, expect, it } from "vitest"
import { authorizer, authorizerType, compile, dyn, fromJson, type Type, toJson } from "./index.ts"

const self = {
  a: 1,
  b: "x",
  list: [3, 1, 2],
  items: [
    { name: "one", n: 1 },
    { name: "two", n: 2 },
  ],
  half: 0.5,
}

function value(source: string): unknown {
  const program = compile(source, { variables: new Map([["self", dyn]]) })
  const result = program.evaluate((name) => (name === "self" ? fromJson(self, dyn) : undefined), { left: 1_000_000 })
  return toJson(result)
}

function failure(source: string, variables: ReadonlyMap<string, Type> = new Map([["self", dyn]])): string {
  try {
    const program = compile(source, { variables })
    program.evaluate((name) => (name === "self" ? fromJson(self, dyn) : undefined), { left: 1_000_000 })
  } catch (error) {
    return (error as Error).message
  }
  return ""
}

const table: Readonly<Record<string, readonly (readonly [source: string, value: unknown])[]>> = {
  "numbers keep to their types": [
    ["7 / 2", 3],
    ["-7 % 3", -1],
    ["7.0 / 2.0", 3.5],
    ["2u + 3u == 5u", true],
    ["1 < 2.5 && 2u > 1", true],
    ["int('42') + int(2.9)", 44],
    ["double(3) == 3.0 && uint(3) == 3u", true],
    ["0x1f", 31],
    ["-9223372036854775808 < 0", true],
    ["type(1) == int && type(1u) == uint && type(self.half) == double", true],
  ],
  "one side of a logical operator that decides makes up for an error on the other": [
    ["true || self.missing", true],
    ["self.missing || true", true],
    ["false && self.missing", false],
  ],
  "macros go over lists and maps": [
    ["self.list.all(x, x > 0)", true],
    ["self.list.exists(x, x == 2)", true],
    ["self.list.exists_one(x, x > 2)", true],
    ["self.list.map(x, x * 2)", [6, 2, 4]],
    ["self.list.map(x, x > 1, x * 2)", [6, 4]],
    ["self.items.filter(i, i.n > 1).map(i, i.name)", ["two"]],
    ["{'a': 1, 'b': 2}.all(k, k in ['a', 'b'])", true],
    ["has(self.a) && !has(self.missing)", true],
    ["[1, 2].exists(i, v, i == 1 && v == 2)", true],
    ["[1, 2].transformList(i, v, i + v)", [1, 3]],
    ["{'a': 1}.transformMap(k, v, v + 1)", { a: 2 }],
    ["[1, 2].transformMapEntry(i, v, {string(i): v})", { "0": 1, "1": 2 }],
    ["cel.bind(x, 5, x * x)", 25],
  ],
  "texts are taken apart by characters, not by units of UTF-16": [
    ["size('a😀b')", 3],
    ["'a😀b'.charAt(1)", "😀"],
    ["'tacocat'.indexOf('c')", 2],
    ["'tacocat'.indexOf('a', 3)", 5],
    ["'tacocat'.lastIndexOf('a')", 5],
    ["'tacocat'.lastIndexOf('a', 3)", 1],
    ["'TacoCÆt'.lowerAscii()", "tacocÆt"],
    ["'tacoCæt'.upperAscii()", "TACOCæT"],
    ["'a-b-c'.replace('-', '+')", "a+b+c"],
    ["'a-b-c'.replace('-', '+', 1)", "a+b-c"],
    ["'ab'.replace('', '_')", "_a_b_"],
    ["'a,b,c'.split(',')", ["a", "b", "c"]],
    ["'a,b,c'.split(',', 2)", ["a", "b,c"]],
    ["['a', 'b'].join('-') + ['c'].join()", "a-bc"],
    ["'tacocat'.substring(4) + 'tacocat'.substring(0, 2)", "catta"],
    ["'  x '.trim()", "x"],
    ["'abc'.reverse()", "cba"],
    ["jsonpatch.escapeKey('a/b~c')", "a~1b~0c"],
    ["'%s is %d or %.2f, %x'.format(['it', 3, 1.5, 255])", "it is 3 or 1.50, ff"],
    ["'%s'.format([[1, 'a', null]])", "[1, a, null]"],
    [`strings.quote("a\\"b")`, '"a\\"b"'],
  ],
  "lists are summed, sorted and compared as sets": [
    ["[1, 2, 2].isSorted() && !self.list.isSorted()", true],
    ["[1, 2, 3].sum() + [4, 5].min() + [4, 5].max()", 15],
    ["[1, 2, 1].indexOf(1) + [1, 2, 1].lastIndexOf(1)", 2],
    ["sets.contains([1, 2], [2])", true],
    ["sets.equivalent([1, 2, 2], [2, 1])", true],
    ["sets.intersects([1], [2])", false],
    ["1 in self.list && 'a' in {'a': 1}", true],
    ["[1] + [2] == [1, 2]", true],
  ],
  "regular expressions are RE2": [
    ["'abc123'.matches('^[a-z]+\\\\d+$')", true],
    ["'abc 123'.find('[0-9]+')", "123"],
    ["'1 2 3'.findAll('[0-9]', 2)", ["1", "2"]],
    ["'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$')", false],
  ],
  addresses: [
    ["isURL('https://a.example:80/p?q=1') && !isURL('nope')", true],
    ["url('https://a.example:80/p?q=1').getHost()", "a.example:80"],
    ["url('https://[::1]:80/p').getHostname()", "::1"],
    ["url('https://a.example/p?q=1&q=2').getQuery()", { q: ["1", "2"] }],
    ["ip('127.0.0.1').isLoopback() && ip('fe80::1').isLinkLocalUnicast() && ip('8.8.8.8').isGlobalUnicast()", true],
    ["ip('::1').family()", 6],
    ["isIP('1.2.3.400')", false],
    ["ip.isCanonical('2001:DB8::1')", false],
    ["ip('2001:db8::1') == ip('2001:DB8:0::1')", true],
    ["cidr('10.0.0.0/8').containsIP('10.9.9.9') && !cidr('10.0.0.0/8').containsIP('11.0.0.0')", true],
    ["cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", true],
    ["string(cidr('10.1.2.3/8').masked())", "10.0.0.0/8"],
  ],
  "quantities, versions and formats": [
    ["quantity('1Gi').isGreaterThan(quantity('1G'))", true],
    ["quantity('500m').add(quantity('500m')) == quantity('1')", true],
    ["quantity('1k').sub(1).asInteger()", 999],
    ["isQuantity('1.5Gi') && !isQuantity('1Zi')", true],
    ["semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').compareTo(semver('1.0.0')) == -1", true],
    ["isSemver('v1.2') || !isSemver('v1.2', true)", false],
    ["format.dns1123Label().validate('my-name').hasValue()", false],
    ["format.named('dns1123Label').value().validate('Bad').hasValue()", true],
  ],
  "times and spans": [
    ["timestamp('2024-02-29T12:30:00Z').getMonth()", 1],
    ["timestamp('2024-01-01T00:00:00Z') + duration('36h') == timestamp('2024-01-02T12:00:00Z')", true],
    ["timestamp('2024-01-01T23:00:00Z').getHours('+02:00')", 1],
    ["string(duration('1h1.5s'))", "3601.5s"],
    ["duration('90m').getHours()", 1],
    ["string(timestamp(0))", "1970-01-01T00:00:00Z"],
    ["[timestamp(0), timestamp(1)]", ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"]],
    ["{'wait': duration('90s'), 'raw': b'ab'}", { wait: "90s", raw: "YWI=" }],
  ],
  "what may be missing": [
    ["self.?missing.orValue(1) + self.?a.orValue(5)", 2],
    ["self.list[?7].hasValue()", false],
    ["optional.of(1).optMap(x, x + 1).value()", 2],
    ["optional.none().or(optional.of(3)).value()", 3],
    ["[1, ?optional.none(), ?optional.of(2)]", [1, 2]],
    ["{?'a': optional.none(), 'b': 1}", { b: 1 }],
  ],
}

for (const [name, rows] of Object.entries(table)) {
  describe(name, () => {
    it.each(rows)("%s", (source, expected) => {
      expect(value(source)).toEqual(expected)
    })
  })
}

describe("an expression that makes no sense", () => {
  const typed: ReadonlyMap<string, Type> = new Map<string, Type>([
    ["self", { kind: "object", name: "spec", fields: new Map([["replicas", { kind: "int" }]]) }],
  ])

  it("is refused with its place under it", () => {
    expect(failure("self.foo > 1", typed)).toBe("ERROR: <input>:1:5: undefined field 'foo'\n | self.foo > 1\n | ....^")
    expect(failure("self.replicas > 'a'", typed)).toContain("no matching overload for '_>_' applied to '(int, string)'")
    expect(failure("other == 1", typed)).toContain("undeclared reference to 'other'")
    expect(failure("self.replicas.nope()", typed)).toContain("undeclared reference to 'nope'")
    expect(failure("self.(", typed)).toContain("Syntax error")
    expect(failure("(".repeat(10_000))).toContain("recursion limit exceeded")
  })

  it("says what it lacked when it is evaluated", () => {
    expect(failure("self.missing")).toBe("no such key: missing")
    expect(failure("self.list[9] == 1")).toBe("index out of bounds: 9")
    expect(failure("1 / 0")).toBe("division by zero")
    expect(failure("9223372036854775807 + 1")).toBe("integer overflow")
    expect(failure("self.b + self.a")).toContain("no such overload")
    expect(failure("self.b.matches('(')")).not.toBe("")
  })
})

describe("the budget", () => {
  it("ends an evaluation that costs too much, and nothing takes that error in", () => {
    const many = Array.from({ length: 1000 }, (_, index) => index)
    const source = "self.all(a, self.all(b, self.all(c, a + b + c >= 0))) || true"
    const program = compile(source, { variables: new Map([["self", dyn]]) })
    const budget = { left: 100_000 }
    expect(() => program.evaluate(() => fromJson(many, dyn), budget)).toThrow("actual cost limit exceeded")
    expect(budget.left).toBe(0)
  })

  it("is estimated from the sizes that types allow", () => {
    const list = (max: number): Type => ({ kind: "list", element: { kind: "int" }, max })
    const cost = (max: number): number =>
      compile("self.all(x, x > 1)", { variables: new Map([["self", list(max)]]) }).cost
    expect(cost(100)).toBeGreaterThan(9 * cost(10))
    expect(cost(10)).toBeLessThan(100)
  })
})

describe("the authorizer", () => {
  it("is asked for a resource, step by step", () => {
    const asked: unknown[] = []
    const variables = new Map<string, Type>([["authorizer", { kind: "opaque", name: authorizerType }]])
    const source =
      "authorizer.group('apps').resource('deployments').namespace('shop').name('cart').check('delete').allowed()"
    const ask = authorizer((question) => {
      asked.push(question)
      return { allowed: true, reason: "" }
    })
    expect(compile(source, { variables }).evaluate(() => ask, { left: 1_000_000 })).toBe(true)
    expect(asked).toEqual([
      {
        kind: "resource",
        verb: "delete",
        group: "apps",
        resource: "deployments",
        subresource: "",
        namespace: "shop",
        name: "cart",
        serviceAccount: undefined,
      },
    ])
  })
})
